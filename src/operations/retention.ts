import { setImmediate } from 'node:timers/promises';
import type { Log } from '../logs/log.ts';
import type { MediaStore } from '../media/store.ts';
import type { Settings } from '../settings.ts';
import type { Notifier } from '../store/notifier.ts';
import type { Deleted, JobRemover } from '../store/store.ts';
import { repeat } from './repeat.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Between two looks: retention is told in days. */
const lookMs = 60 * 60 * 1000;
/** Ids that are read at once. */
const jobsAtOnce = 50;

/** What old jobs are found and removed with. */
export interface RetentionParts extends RemovalParts {
  readonly settings: Pick<Settings, 'current'>;
}

/** Removes finished jobs that are older than `retentionDays`, now and every hour; disposing of it waits for the job that is being removed. */
export function startRetention(parts: RetentionParts): AsyncDisposable {
  const told = (err: unknown) => parts.log.error({ err }, 'old jobs not removed');
  return repeat(lookMs, (signal) => removeOld(parts, signal), told);
}

/** One look; answers how many jobs were removed. Between two jobs everybody else has a turn. */
export async function removeOld(parts: RetentionParts, signal: AbortSignal, now = Date.now()): Promise<number> {
  const { store, settings, log } = parts;
  await store.finishDeletions();
  const { retentionDays } = settings.current();
  if (retentionDays === null) return 0;
  const before = new Date(now - retentionDays * dayMs);
  let removed = 0;
  for (let ids = await store.finishedBefore(before, jobsAtOnce); ids.length > 0;) {
    for (const id of ids) {
      if (signal.aborted) return removed;
      const deleted = await removeJob(id, parts);
      if (deleted?.refused === false) removed += 1;
      await setImmediate();
    }
    ids = await store.finishedBefore(before, jobsAtOnce);
  }
  if (removed > 0) log.info({ jobs: removed, retentionDays }, 'old jobs removed');
  return removed;
}

/** What jobs are removed with. */
export interface RemovalParts {
  readonly store: JobRemover;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly media: Pick<MediaStore, 'remove'>;
  readonly log: Log;
}

/** Deletes a job, then the copy of its recording. Where the process ends in between, the next start removes the copy. */
export async function removeJob(id: string, { store, notifier, media, log }: RemovalParts): Promise<Deleted | null> {
  const deleted = await store.deleteJob(id);
  if (deleted === null || deleted.refused) return deleted;
  notifier.notify('jobDeleted', id);
  if (deleted.kept !== null) {
    await media.remove(deleted.kept).catch((err: unknown) => log.error({ err }, 'recording not removed'));
  }
  return deleted;
}
