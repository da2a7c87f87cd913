import type { Stats } from 'node:fs';
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, resolve, sep } from 'node:path';
import { MediaNotFoundError, MediaRejectedError } from '../errors.ts';
import { isHidden, isUnder, openRealFile, realPaths } from './real-file.ts';

/** A recording under a media root: where it really is, and its size when it was looked at. */
export interface LocatedMedia {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/**
 * Finds the recording that a client named by a path relative to a media root, or by an absolute one under a root.
 *
 * The file is opened first and then asked where it really is, so that a link that changes in between opens nothing else. Throws
 * MediaNotFoundError and MediaRejectedError (OUTSIDE_ROOTS, whether the file exists or not; HIDDEN, NOT_A_FILE, EMPTY).
 */
export async function locateMedia(path: string, roots: readonly string[]): Promise<LocatedMedia> {
  const realRoots = await realPaths(roots);
  if (realRoots.every((root) => root === null))
    throw new MediaNotFoundError('The media roots of the server do not exist yet.');
  const existing = realRoots.filter((root) => root !== null);
  const there = roots.filter((_, index) => realRoots[index] !== null);
  const candidates = isAbsolute(path) ? [resolve(path)] : there.map((root) => resolve(root, path));
  const inside = candidates.filter((candidate) => isUnder(candidate, [...there, ...existing]));
  if (inside.length === 0 || path.includes('\0')) throw outside();
  for (const candidate of inside) {
    const found = await look(candidate, existing);
    if (found !== null) return found;
  }
  throw new MediaNotFoundError('There is no recording at this path.');
}

async function look(candidate: string, realRoots: readonly string[]): Promise<LocatedMedia | null> {
  const file = await openRealFile(candidate);
  if (file === null) {
    // What does not exist behind a link that leads out is told apart from what exists there by nobody.
    if (!isUnder(await realOfExistingPart(candidate), realRoots)) throw outside();
    return null;
  }
  await using handle = file.handle;
  const { path } = file;
  const root = realRoots.find((each) => isUnder(path, [each]));
  if (root === undefined) throw outside();
  if (isHidden(path, root)) {
    throw new MediaRejectedError('HIDDEN', 'Files and folders whose name begins with a dot are not served.');
  }
  return { name: basename(candidate), path, bytes: sizeOf(await handle.stat()) };
}

function sizeOf(stats: Stats): number {
  if (!stats.isFile()) throw new MediaRejectedError('NOT_A_FILE', 'This path is not a file.', 'Name one recording.');
  if (stats.size === 0)
    throw new MediaRejectedError('EMPTY', 'The recording has no bytes.', 'Copy the recording again.');
  return stats.size;
}

/** What Linux follows before it says ELOOP. */
const maxLinks = 40;

/** As far as a path exists; a link whose goal does not exist is followed to where that would be. */
async function realOfExistingPart(path: string, links = maxLinks): Promise<string> {
  const found = await realpath(path).catch(() => null);
  if (found !== null || path === dirname(path)) return found ?? sep;
  const goal = links > 0 ? await readlink(path).catch(() => null) : null;
  return goal === null
    ? realOfExistingPart(dirname(path), links)
    : realOfExistingPart(resolve(dirname(path), goal), links - 1);
}

function outside(): MediaRejectedError {
  return new MediaRejectedError(
    'OUTSIDE_ROOTS',
    'This path is outside the media roots of the server.',
    'Put the recording under a media root, or upload it.',
  );
}
