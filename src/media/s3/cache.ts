import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageFullError } from '../../errors.ts';
import type { DiskSpace } from '../disk.ts';
import { localFile } from '../local.ts';
import type { LocalFile } from '../store.ts';

/** A recording that is wanted on this machine. */
interface Wanted {
  readonly kept: string;
  readonly bytes: number;
  /** Tells it from another object that was once under the same key. */
  readonly etag: string;
  /** What is missing of it, from a byte on. */
  readonly read: (start: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/** A file of the cache that stays as long as it is held. */
interface HeldFile extends AsyncDisposable {
  readonly file: LocalFile;
}

/** Recordings of S3 on a disk of this machine, for engines, which read files. */
export interface MediaCache {
  /**
   * Brings a recording here where it is not, going on with what has come of it, and holds it. Two who want the same one wait for the same. Throws
   * StorageFullError, and the reason of a signal that is aborted; what has come stays.
   */
  hold(wanted: Wanted, signal: AbortSignal): Promise<HeldFile>;
  /** Removes what there is of a recording, unless it is held: then it goes when its time is over. */
  remove(kept: string): Promise<void>;
  /** Removes what nobody has used since a time. */
  removeUnused(beforeMs: number): Promise<void>;
}

/** One file, or what has come of it. */
interface Entry {
  /** What it takes when it is whole, or as long as nobody brings the rest, what it takes now. */
  bytes: number;
  usedMs: number;
  isWhole: boolean;
  users: number;
  /** On its way, for all who want it, until nobody does any more. */
  coming: { readonly done: Promise<void>; readonly unwanted: AbortController } | null;
}

/** What a cache is opened with. */
export interface CacheParts {
  readonly folder: string;
  /** More is taken only for what is held at the same time. */
  readonly maxBytes: number;
  readonly space: Pick<DiskSpace, 'requireFreeSpaceFor'>;
}

const unfinished = '.part';

/** Opens the cache with what an earlier process has left in it. Only one process uses a folder. */
export async function openMediaCache({ folder, maxBytes, space }: CacheParts): Promise<MediaCache> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await readEntries(folder);
  const pathOf = (name: string, { isWhole }: Pick<Entry, 'isWhole'>) =>
    join(folder, isWhole ? name : name + unfinished);

  /** Files that are on their way out: one of the same name may be wanted again meanwhile. */
  const leaving = new Map<string, Promise<void>>();

  async function evict(name: string, entry: Entry): Promise<void> {
    entries.delete(name);
    const gone = rm(pathOf(name, entry), { force: true }).finally(() => leaving.delete(name));
    leaving.set(name, gone);
    await gone;
  }

  /** Those that nobody uses, the one that was used least recently first. */
  const unused = () =>
    [...entries].filter(([, { users }]) => users === 0).toSorted(([, a], [, b]) => a.usedMs - b.usedMs);
  const total = () => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  async function trim(): Promise<void> {
    for (const [name, entry] of unused()) {
      if (total() <= maxBytes) return;
      await evict(name, entry);
    }
  }

  async function requireRoomOnDisk(bytes: number): Promise<void> {
    for (;;) {
      try {
        return await space.requireFreeSpaceFor(bytes, folder);
      } catch (error) {
        const [oldest] = unused();
        if (!(error instanceof StorageFullError) || oldest === undefined) throw error;
        await evict(...oldest);
      }
    }
  }

  async function bring(name: string, entry: Entry, { bytes, read }: Wanted, signal: AbortSignal): Promise<void> {
    await leaving.get(name);
    const path = pathOf(name, { isWhole: false });
    const have = await sizeOf(path);
    entry.bytes = bytes;
    await trim();
    await requireRoomOnDisk(bytes - have);
    {
      await using file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      let at = Math.min(have, bytes);
      for await (const chunk of read(at, signal)) {
        signal.throwIfAborted();
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
      // What is there after a loss of power must not be taken for all of it.
      await file.sync();
    }
    await rename(path, join(folder, name));
    entry.isWhole = true;
  }

  /** Waits until an entry is whole. */
  async function arrive(name: string, entry: Entry, wanted: Wanted, signal: AbortSignal): Promise<void> {
    while (!entry.isWhole) {
      signal.throwIfAborted();
      if (entry.coming === null) {
        const unwanted = new AbortController();
        const done = bring(name, entry, wanted, unwanted.signal).finally(() => (entry.coming = null));
        entry.coming = { done, unwanted };
      }
      const { done, unwanted } = entry.coming;
      // What everybody has left is on its way to its end, and begun again after it.
      if (unwanted.signal.aborted) await done.catch(() => undefined);
      else await unlessAborted(done, signal);
    }
  }

  async function release(name: string, entry: Entry): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0) return;
    if (entry.coming !== null) {
      const { done, unwanted } = entry.coming;
      unwanted.abort();
      await done.catch(() => undefined);
    }
    if (!entry.isWhole && entry.users === 0) entry.bytes = await sizeOf(pathOf(name, entry));
    await trim();
  }

  return {
    async hold(wanted, signal) {
      const name = nameOf(wanted);
      const entry = entries.get(name) ?? { bytes: 0, usedMs: 0, isWhole: false, users: 0, coming: null };
      entries.set(name, entry);
      entry.users += 1;
      entry.usedMs = Date.now();
      await using stack = new AsyncDisposableStack();
      stack.defer(() => release(name, entry));
      await arrive(name, entry, wanted, signal);
      const path = join(folder, name);
      // For the next process, which asks the disk.
      await utimes(path, new Date(), new Date());
      const handle = stack.use(await open(path));
      const file = localFile(handle, await handle.stat({ bigint: true }), path);
      const owned = stack.move();
      return { file, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    },
    async remove(kept) {
      for (const [name, entry] of unused()) if (name.startsWith(`${kept}.`)) await evict(name, entry);
    },
    async removeUnused(beforeMs) {
      for (const [name, entry] of unused()) if (entry.usedMs < beforeMs) await evict(name, entry);
    },
  };
}

/** Waits for something that goes on when the one who waits leaves. */
async function unlessAborted(done: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave);
  try {
    await Promise.race([done, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

function nameOf({ kept, etag }: Wanted): string {
  return `${kept}.${createHash('sha256').update(etag).digest('hex').slice(0, 16)}`;
}

async function readEntries(folder: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const file of await readdir(folder)) {
    const { size: bytes, mtimeMs: usedMs } = await stat(join(folder, file));
    const isWhole = !file.endsWith(unfinished);
    const name = isWhole ? file : file.slice(0, -unfinished.length);
    entries.set(name, { bytes, usedMs, isWhole, users: 0, coming: null });
  }
  return entries;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
