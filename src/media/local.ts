import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nanoid } from 'nanoid';
import type { Config } from '../config/config.ts';
import type { MediaKey } from '../jobs/job.ts';
import { openArrival } from './arrival.ts';
import { type DiskSpace, mediaFolder, syncToDisk, whileThereIsRoom } from './disk.ts';
import { isHidden, isUnder, openRealFile, pathToOpen, realPaths } from './real-file.ts';
import type { LocalFile, MediaStore, Recording } from './store.ts';
import { openTrash } from './trash.ts';
import { receiveUpload } from './upload.ts';

type Folders = Pick<Config['server'], 'dataDirectory' | 'mediaRoots'> & Partial<Pick<Config['server'], 'mediaStore'>>;
type Settings = Folders & Pick<Config['server'], 'maxUploadBytes'>;

/** How long is kept what nobody has finished, and what of a cache nobody has used. */
export const unfinishedMs = 24 * 60 * 60 * 1000;

/**
 * Opens the media store of folders: copies in the data directory, or in a folder that several servers share, and files under the media roots. Where
 * recordings arrive is on the disk where they are kept, so that keeping is one rename.
 *
 * What an earlier process had half received, or kept without a job, is of no use any more, but for what comes in pieces. In a shared folder it may be another
 * server that is at work: there all stays for a day.
 */
export async function openLocalMediaStore(settings: Settings, space: DiskSpace): Promise<MediaStore> {
  const place = mediaFolder({ mediaStore: null, ...settings });
  const trash = openTrash(place);
  const [arriving, kept, coming] = ['uploads', 'media', 'downloads'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [arriving, coming, kept]) await mkdir(folder, { recursive: true, mode: 0o700 });
  // The times of files are finer than those of the clock: what was there before this millisecond ends.
  const openedMs = place === settings.dataDirectory ? Date.now() + 1 : 0;
  const limitMs = (now: number) => Math.max(openedMs, now - unfinishedMs);
  await removeOld(arriving, limitMs(Date.now()));
  return {
    place: kept,
    async receive(name, bytes) {
      const id = nanoid();
      const [path, keepAs] = [join(arriving, `${id}.part`), join(kept, id)];
      return receiveUpload(
        { name, bytes, maxBytes: settings.maxUploadBytes },
        {
          kept: id,
          write: (accepted) => writeFile(path, whileThereIsRoom(accepted, space)),
          keep: () => renameForGood(path, keepAs),
          remove: () => removeFiles(path, keepAs),
        },
      );
    },
    arrive(name, signal) {
      return openArrival({ path: join(coming, basename(name)), keepAs: join(kept, basename(name)) }, signal);
    },
    async removeOldArrivals(now = Date.now()) {
      await removeOld(arriving, now - unfinishedMs);
      await removeOld(coming, now - unfinishedMs);
    },
    async open({ key, bytes }) {
      await using stack = new AsyncDisposableStack();
      const recording = await openRecording(key, settings);
      if (recording === null || stack.use(recording).bytes !== bytes) return null;
      stack.move();
      return recording;
    },
    async look(key) {
      await using recording = await openRecording(key, settings);
      return recording === null ? null : { bytes: recording.bytes, modifiedAt: recording.modifiedAt };
    },
    remove: (name) => removeFiles(join(coming, basename(name)), join(kept, basename(name))),
    async *sweepable(now = Date.now()) {
      const names = await readdir(kept);
      const changed = await Promise.all(names.map((name) => changedMs(join(kept, name))));
      yield names.filter((_, at) => (changed[at] ?? 0) < limitMs(now));
    },
    problem: () =>
      stat(kept).then(
        () => null,
        ({ code }: NodeJS.ErrnoException) =>
          `The folder of the recordings, ${kept}, cannot be used (${code}). Mount it, or put it back.`,
      ),
    async throwAway(names) {
      for (const name of names) await trash.add(join(kept, name));
      return trash.folder;
    },
  };
}

async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of bytes) await file.writeFile(chunk);
  await file.sync();
}

async function renameForGood(path: string, keepAs: string): Promise<void> {
  await rename(path, keepAs);
  // Else a loss of power may undo the rename, and the job that was accepted would have no recording.
  await syncToDisk(dirname(keepAs));
}

async function removeFiles(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
}

/** When a file was last written to, or was given one of its names; null where it is gone. */
async function changedMs(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.ctimeMs ?? null;
}

/** Removes the files of a folder that nobody has written to since a time. */
export async function removeOld(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // It may have become a recording meanwhile.
    const stats = await stat(path).catch(() => null);
    if (stats !== null && stats.mtimeMs < beforeMs) await rm(path, { recursive: true, force: true });
  }
}

/** The folder of the copies that a server keeps. */
export function keptFolder(settings: Pick<Folders, 'dataDirectory' | 'mediaStore'>): string {
  return join(mediaFolder({ mediaStore: null, ...settings }), 'media');
}

/** Opens a recording in a folder of this machine; null where it is not there. */
export async function openRecording(key: MediaKey, folders: Folders): Promise<Recording | null> {
  const path = recordingPath(key, folders);
  const file = path === null ? null : await openRealFile(path);
  if (file === null) return null;
  await using stack = new AsyncDisposableStack();
  const handle = stack.use(file.handle);
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile() || !(await isServed(file.path, key, folders))) return null;
  stack.move();
  return recordingOf(handle, stats, file.path);
}

function recordingOf(handle: FileHandle, stats: BigIntStats, path: string): Recording {
  const bytes = Number(stats.size);
  const read: Recording['read'] = (start, end) => handle.createReadStream({ start, end, autoClose: false });
  return {
    bytes,
    modifiedAt: stats.mtime,
    local: async () => localFile(handle, stats, path),
    read,
    async sha256(signal) {
      const hash = createHash('sha256');
      try {
        await pipeline(read(0, bytes - 1), hash, signal === undefined ? {} : { signal });
        const now = await handle.stat({ bigint: true });
        return now.mtimeNs === stats.mtimeNs && now.size === stats.size ? hash.digest('hex') : null;
      } catch {
        return null; // A file that cannot be read has no hash.
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** What an engine opens of a file that is open. */
export function localFile(handle: FileHandle, { dev, ino, size }: BigIntStats, path: string): LocalFile {
  return { path: pathToOpen(handle, path), device: String(dev), inode: String(ino), bytes: Number(size) };
}

/** Where a recording lies on this machine, whether it is there or not; null where its root is none here. */
function recordingPath(key: MediaKey, folders: Folders): string | null {
  if ('kept' in key) return join(keptFolder(folders), basename(key.kept));
  const root = rootPath(key.root, folders);
  return root === null ? null : resolve(root, key.path);
}

/** A root that is no longer in the settings is taken where it was: what is under it is served where another root holds it. */
function rootPath(name: string, { mediaRoots }: Folders): string | null {
  const known = mediaRoots.find(({ configured }) => configured === name);
  return known?.path ?? (isAbsolute(name) ? name : null);
}

/** Whether a path is in a folder that is served, not hidden, and no link has been put into the place of the file. */
async function isServed(path: string, key: MediaKey, folders: Folders): Promise<boolean> {
  const roots = 'kept' in key ? [keptFolder(folders)] : folders.mediaRoots.map((root) => root.path);
  const reals = (await realPaths(roots)).filter((root) => root !== null);
  if (!reals.some((root) => isUnder(path, [root]) && !isHidden(path, root))) return false;
  if ('kept' in key) return true;
  const [root] = await realPaths([rootPath(key.root, folders) ?? '']);
  return typeof root === 'string' && path === resolve(root, key.path);
}
