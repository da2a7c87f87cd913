import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../logs/log.ts';
import { keptFolder } from '../media/local.ts';
import type { MediaStore } from '../media/store.ts';
import type { ResumableUploads } from '../media/resumable-uploads.ts';
import type { Trash } from '../media/trash.ts';
import type { Store } from '../store/store.ts';
import { repeat } from './repeat.ts';

const pageSize = 5000;
/** Between two looks into the trash. */
const lookMs = 60 * 60 * 1000;

/** What is swept, and where it goes. */
export interface SweepParts {
  readonly dataDirectory: string;
  readonly store: Pick<Store, 'keptMedia' | 'isNew'>;
  readonly trash: Pick<Trash, 'add' | 'folder'>;
  readonly log: Log;
}

/**
 * Moves the recordings under the data directory that belong to no job into the trash: of an upload whose server died between keeping the file and
 * storing the job, or of a deleted job whose file was still there. Only while nothing arrives. A database that was just made knows of no
 * recording: then all stay. Answers how many were moved.
 */
export async function sweepMedia({ dataDirectory, store, trash, log }: SweepParts): Promise<number> {
  const folder = keptFolder({ dataDirectory });
  const nameless = new Set(await readdir(folder));
  if (nameless.size === 0) return 0;
  if (store.isNew) {
    const text = `There was no database, and ${nameless.size} recordings lie in ${folder}: they stay. Stop the server and restore the database from a backup; else they go into the trash at the next start.`;
    log.warn({ files: nameless.size, text }, 'recordings without a database');
    return 0;
  }
  for await (const name of keptNames(store)) nameless.delete(name);
  for (const name of nameless) await trash.add(join(folder, name));
  if (nameless.size > 0) {
    const text = `${nameless.size} recordings of no job were moved to ${trash.folder}, where they are kept for a week.`;
    log.warn({ files: nameless.size, text }, 'recordings of no job moved');
  }
  return nameless.size;
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
  readonly log: Log;
}

/** Removes what is old in the trash, of recordings that nobody goes on fetching, and of resumable uploads, now and every hour. */
export function startEmptying({ trash, media, uploads, log }: EmptyingParts): AsyncDisposable {
  async function removeOld(): Promise<void> {
    const files = await trash.removeOld();
    if (files > 0) log.info({ files }, 'old trash removed');
    await media.removeOldArrivals();
    const expired = await uploads.removeExpired();
    if (expired > 0) log.info({ uploads: expired }, 'expired uploads removed');
  }
  return repeat(lookMs, removeOld, (err) => log.error({ err }, 'old trash and expired uploads not removed'));
}
