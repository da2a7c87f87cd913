import type { Log } from '../logs/log.ts';
import type { MediaStore } from '../media/store.ts';
import type { ResumableUploads } from '../media/resumable-uploads.ts';
import type { Trash } from '../media/trash.ts';
import type { SampleStore } from '../media/samples/samples.ts';
import type { Store } from '../store/store.ts';
import { repeat } from './repeat.ts';

const pageSize = 5000;
const dayMs = 24 * 60 * 60 * 1000;
/** Between two looks into the trash. */
const lookMs = 60 * 60 * 1000;

/** What is swept, and by what it is told. */
export interface SweepParts {
  readonly store: Pick<Store, 'keptMedia' | 'isNew'>;
  readonly media: Pick<MediaStore, 'place' | 'sweepable' | 'throwAway'>;
  readonly log: Log;
}

/** Sweeps now and every day. */
export function startSweeping(parts: SweepParts): AsyncDisposable {
  return repeat(
    dayMs,
    () => sweepMedia(parts),
    (err) => parts.log.error({ err }, 'recordings of no job not removed'),
  );
}

/**
 * Throws away the recordings that belong to no job: of an upload whose server died between keeping the file and storing the job, or of a deleted job
 * whose file was still there. A database that was just made knows of no recording: then all stay. Answers how many were thrown away.
 */
export async function sweepMedia({ store, media, log }: SweepParts): Promise<number> {
  let swept = 0;
  for await (const names of media.sweepable()) {
    if (names.length === 0) continue;
    if (store.isNew) {
      const text = `There was no database, and recordings lie in ${media.place}: they stay. Stop the server and restore the database from a backup; else they are thrown away at the next start.`;
      log.warn({ files: names.length, text }, 'recordings without a database');
      return 0;
    }
    const nameless = new Set(names);
    for await (const name of keptNames(store)) nameless.delete(name);
    if (nameless.size === 0) continue;
    const place = await media.throwAway([...nameless]);
    const fate = place === null ? `removed from ${media.place}` : `moved to ${place}, where they are kept for a week`;
    log.warn(
      { files: nameless.size, text: `${nameless.size} recordings of no job were ${fate}.` },
      'recordings of no job removed',
    );
    swept += nameless.size;
  }
  return swept;
}

async function* keptNames(store: Pick<Store, 'keptMedia'>): AsyncGenerator<string> {
  let page = await store.keptMedia({ limit: pageSize });
  for (;;) {
    yield* page.map(({ item }) => item);
    const last = page.at(-1);
    if (last === undefined) return;
    page = await store.keptMedia({ limit: pageSize, after: last.key });
  }
}

/** What is emptied. */
export interface EmptyingParts {
  readonly trash: Pick<Trash, 'removeOld'>;
  readonly media: Pick<MediaStore, 'removeOldArrivals'>;
  readonly uploads: Pick<ResumableUploads, 'removeExpired'>;
  readonly samples: Pick<SampleStore, 'sweep'>;
  readonly store: Pick<Store, 'plan'>;
  readonly log: Log;
}

/** Removes what is old in the trash, of recordings that nobody goes on fetching, and of resumable uploads, and the samples of jobs that nobody reads, now and every hour. */
export function startEmptying({ trash, media, uploads, samples, store, log }: EmptyingParts): AsyncDisposable {
  async function removeOld(): Promise<void> {
    const files = await trash.removeOld();
    if (files > 0) log.info({ files }, 'old trash removed');
    await media.removeOldArrivals();
    const expired = await uploads.removeExpired();
    if (expired > 0) log.info({ uploads: expired }, 'expired uploads removed');
    await samples.sweep(async (jobId) => (await store.plan(jobId)) !== null);
  }
  return repeat(lookMs, removeOld, (err) => log.error({ err }, 'old trash and expired uploads not removed'));
}
