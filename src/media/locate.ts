import type { Stats } from 'node:fs';
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { MediaRoot } from '../config/config.ts';
import { MediaNotFoundError, MediaRejectedError } from '../errors.ts';
import type { MediaKey } from '../jobs/job.ts';
import { isHidden, isUnder, openRealFile, type RealFile, realPaths } from './real-file.ts';
import type { FileLook } from './store.ts';

/** A recording under a media root: by what it is found again, and what it was like when it was looked at. */
export interface LocatedMedia extends FileLook {
  readonly name: string;
  readonly key: MediaKey;
}

/** A media root that exists, and where it really is. */
export interface RealRoot extends MediaRoot {
  readonly real: string;
}

/**
 * Finds the recording that a client named by a path relative to a media root, or by an absolute one under a root.
 *
 * The file is opened first and then asked where it really is, so that a link that changes in between opens nothing else. Throws
 * MediaNotFoundError and MediaRejectedError (OUTSIDE_ROOTS, whether the file exists or not; HIDDEN, NOT_A_FILE, EMPTY).
 */
export async function locateMedia(path: string, roots: readonly MediaRoot[]): Promise<LocatedMedia> {
  const existing = await realRootsOf(roots);
  if (existing.length === 0) throw new MediaNotFoundError('The media roots of the server do not exist yet.');
  const candidates = isAbsolute(path) ? [resolve(path)] : existing.map((root) => resolve(root.path, path));
  const folders = existing.flatMap((root) => [root.path, root.real]);
  const inside = candidates.filter((candidate) => isUnder(candidate, folders));
  if (inside.length === 0 || path.includes('\0')) throw outside();
  for (const candidate of inside) {
    const found = await check(candidate, existing);
    if (found !== null) return found;
  }
  throw new MediaNotFoundError('There is no recording at this path.');
}

/** Those of the media roots that exist. */
export async function realRootsOf(roots: readonly MediaRoot[]): Promise<readonly RealRoot[]> {
  const reals = await realPaths(roots.map(({ path }) => path));
  return roots.flatMap((root, at): readonly RealRoot[] => {
    const real = reals[at];
    return real === null || real === undefined ? [] : [{ ...root, real }];
  });
}

async function check(candidate: string, roots: readonly RealRoot[]): Promise<LocatedMedia | null> {
  const file = await openServed(candidate, roots);
  if (file === null) return null;
  await using handle = file.handle;
  const { path, root } = file;
  const key = { root: root.configured, path: relative(root.real, path) };
  const stats = await handle.stat();
  return { name: basename(candidate), key, bytes: sizeOf(stats), modifiedAt: stats.mtime };
}

/**
 * Opens what a path under a media root leads to, a file or a folder, and tells in which root that is; null where nothing is there. The caller closes it.
 * Throws MediaRejectedError (OUTSIDE_ROOTS, HIDDEN).
 */
export async function openServed(
  candidate: string,
  roots: readonly RealRoot[],
): Promise<(RealFile & { readonly root: RealRoot }) | null> {
  const file = await openRealFile(candidate);
  if (file === null) {
    // Outside of the roots nobody may learn what exists: a path that leads out is refused in the same way, whether its goal exists or not.
    const reals = roots.map(({ real }) => real);
    if (!isUnder(await realOfExistingPart(candidate), reals)) throw outside();
    return null;
  }
  await using stack = new AsyncDisposableStack();
  stack.use(file.handle);
  const { path } = file;
  const [root] = roots.filter(({ real }) => isUnder(path, [real])).toSorted((a, b) => b.real.length - a.real.length);
  if (root === undefined) throw outside();
  if (isHidden(path, root.real)) {
    throw new MediaRejectedError('HIDDEN', 'Files and folders whose name begins with a dot are not served.');
  }
  stack.move();
  return { ...file, root };
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

/** The refusal of a path that leads out of the media roots: it tells nothing of what is there. */
export function outside(): MediaRejectedError {
  return new MediaRejectedError(
    'OUTSIDE_ROOTS',
    'This path is outside the media roots of the server.',
    'Put the recording under a media root, or upload it.',
  );
}
