import type { Job } from '../jobs/job.ts';
import type { Key, Keyed } from './page.ts';

/** Seven days: as long as a client may be away and still hear of everything that was changed or deleted. */
export const keptDeletedMs = 7 * 24 * 60 * 60 * 1000;
/** Longer than any transaction may last: what has an earlier time than something that was read may come to be seen so much later. */
export const lookBackMs = 30_000;

/** Where a list of changes goes on: after a key, or at a time and with it. */
export type From = Key | Date;

/**
 * Which jobs were changed and deleted, in the order in which that happened. The times of changes and deletions are the store's own: each is later than all
 * before it, also where the clock was set back.
 */
export interface ChangeReader {
  /** The time of the newest change or deletion, and the present: the machine's clock, or the newest where that is later. */
  changeClock(): Promise<{ readonly newest: Date; readonly now: Date }>;
  /** From when on something may have happened that is still to be seen, since another node is about to write it; Infinity where there is none. */
  openSince(): Promise<number>;
  /** Jobs whose last change comes after a place, the one that changed first before the others. */
  changedSince(from: From, limit: number): Promise<readonly Keyed<ChangedJob>[]>;
  /** How many jobs have changed since a time, of more than `most` no more than one. */
  countChanged(since: Date, most: number): Promise<number>;
  /** Jobs that were deleted after a place, the one that went first before the others; for seven days at least. */
  deletedSince(from: From, limit: number): Promise<readonly Keyed<Tombstone>[]>;
}

/** A job with all that it was since the place that was asked for. */
export interface ChangedJob {
  readonly job: Job;
  /** Of the change by which it was found; the job may have changed again. */
  readonly changedAt: Date;
  /** What it has ceased to be since; null where that is no longer known. */
  readonly former: readonly Former[] | null;
}

/** What changes of a job and is asked for by filters. */
export interface Former extends Pick<Job, 'status' | 'title' | 'tags'> {
  readonly language: Pick<NonNullable<Job['language']>, 'code'> | null;
}

/** A job that was deleted. */
export interface Tombstone {
  readonly id: string;
  readonly owner: string | null;
  readonly deletedAt: Date;
}
