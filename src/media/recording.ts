import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config.ts';
import type { Media } from '../job.ts';
import { isHidden, isUnder, openRealFile, realPaths, type RealFile } from './real-file.ts';

/** The recording of a job, open. The caller closes it. */
export interface Recording {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

type Folders = Pick<Config['server'], 'dataDirectory' | 'mediaRoots'>;

/**
 * Opens the recording of a job again: the copy that the server keeps, by its name, since a database may have been restored elsewhere; or the
 * file under a media root, while it is still there and has the size that it had. Null where it is not.
 */
export async function openRecording(media: Media, folders: Folders): Promise<Recording | null> {
  const kept = join(folders.dataDirectory, 'media');
  const file = await openRealFile(media.stored ? join(kept, basename(media.path)) : media.path);
  if (file === null) return null;
  await using stack = new AsyncDisposableStack();
  const handle = stack.use(file.handle);
  const stats = await handle.stat();
  const roots = media.stored ? [kept] : folders.mediaRoots;
  const isMoved = !media.stored && file.path !== media.path;
  if (isMoved || !stats.isFile() || stats.size !== media.bytes || !(await isServed(file, roots))) return null;
  stack.move();
  return { handle, stats };
}

async function isServed({ path }: RealFile, roots: readonly string[]): Promise<boolean> {
  const realRoots = await realPaths(roots);
  return realRoots.some((root) => root !== null && isUnder(path, [root]) && !isHidden(path, root));
}
