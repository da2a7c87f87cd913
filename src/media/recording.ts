import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Media, MediaKey } from '../jobs/job.ts';
import { isHidden, isUnder, openRealFile, realPaths } from './real-file.ts';

/** The recording of a job, open. The caller closes it. */
export interface Recording {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

type Folders = Pick<Config['server'], 'dataDirectory' | 'mediaRoots'>;

/**
 * Opens the recording of a job again: the copy that the server keeps, or the file under a media root, while it is still there and has the size
 * that it had. Null where it is not.
 */
export async function openRecording(media: Pick<Media, 'key' | 'bytes'>, folders: Folders): Promise<Recording | null> {
  const path = recordingPath(media.key, folders);
  const file = path === null ? null : await openRealFile(path);
  if (file === null) return null;
  await using stack = new AsyncDisposableStack();
  const handle = stack.use(file.handle);
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size !== media.bytes || !(await isServed(file.path, media.key, folders))) return null;
  stack.move();
  return { handle, stats };
}

/** Where a recording lies on this machine, whether it is there or not; null where its root is none here. */
export function recordingPath(key: MediaKey, folders: Folders): string | null {
  if ('kept' in key) return join(keptFolder(folders), basename(key.kept));
  const root = rootPath(key.root, folders);
  return root === null ? null : resolve(root, key.path);
}

/** The folder of the copies that the server keeps. */
export function keptFolder({ dataDirectory }: Pick<Folders, 'dataDirectory'>): string {
  return join(dataDirectory, 'media');
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
