import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nanoid } from 'nanoid';
import type { Config } from '../config/config.ts';
import type { MediaKey } from '../jobs/job.ts';
import { openArrival } from './arrival.ts';
import type { DiskSpace } from './disk.ts';
import { isHidden, isUnder, openRealFile, pathToOpen, realPaths } from './real-file.ts';
import type { MediaStore, Recording } from './store.ts';
import { receiveUpload } from './upload.ts';

type Folders = Pick<Config['server'], 'dataDirectory' | 'mediaRoots'>;
type Settings = Folders & Pick<Config['server'], 'maxUploadBytes'>;

/**
 * Opens the media store of this machine: copies in the data directory, and files under the media roots. What an earlier process had half received is
 * removed, but for what comes in pieces. Where recordings arrive is on the disk where they are kept, so that keeping is one rename.
 */
export async function openLocalMediaStore(settings: Settings, space: DiskSpace): Promise<MediaStore> {
  const arriving = join(settings.dataDirectory, 'uploads');
  const kept = keptFolder(settings);
  const coming = join(settings.dataDirectory, 'downloads');
  for (const folder of [arriving, coming, kept]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const parts = (await readdir(arriving)).filter((name) => name.endsWith('.part'));
  await Promise.all(parts.map((name) => rm(join(arriving, name), { recursive: true, force: true })));
  return {
    async receive(name, bytes) {
      const id = nanoid();
      const files = { path: join(arriving, `${id}.part`), keepAs: join(kept, id) };
      return receiveUpload(name, bytes, { ...files, maxBytes: settings.maxUploadBytes, space });
    },
    arrive(name, signal) {
      return openArrival({ path: join(coming, basename(name)), keepAs: join(kept, basename(name)) }, signal);
    },
    async removeOldArrivals() {
      for (const name of await readdir(coming)) await removeOld(join(coming, name));
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
    async remove(name) {
      for (const folder of [coming, kept]) await rm(join(folder, basename(name)), { force: true });
    },
  };
}

const dayMs = 24 * 60 * 60 * 1000;

async function removeOld(path: string): Promise<void> {
  // It may have become a recording meanwhile.
  const stats = await stat(path).catch(() => null);
  if (stats !== null && stats.mtimeMs < Date.now() - dayMs) await rm(path, { force: true });
}

/** The folder of the copies that the server keeps. */
export function keptFolder({ dataDirectory }: Pick<Folders, 'dataDirectory'>): string {
  return join(dataDirectory, 'media');
}

async function openRecording(key: MediaKey, folders: Folders): Promise<Recording | null> {
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
    file: { path: pathToOpen(handle, path), device: String(stats.dev), inode: String(stats.ino), bytes },
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
