import { join, relative, resolve } from 'node:path';
import { Tinypool } from 'tinypool';
import type { MediaRoot } from '../config/config.ts';
import { MediaNotFoundError, RequestError } from '../errors.ts';
import type { FolderEntry, FolderRequest } from './list-folder.ts';
import { openServed, outside, type RealRoot, realRootsOf } from './locate.ts';
import { isUnder, pathToOpen } from './real-file.ts';

/** A folder as a client names it: by the number of a media root, and a path in it, or an absolute one under it. */
export interface Folder {
  readonly root: number;
  readonly path: string;
}

/** A recording, or a folder of recordings, that a client may name; `path` is how. */
export interface MediaFile extends FolderEntry {
  readonly path: string;
}

/** What lies under the media roots. */
export interface Folders extends AsyncDisposable {
  /**
   * The first entries of a folder after a place, in the order of list-folder.ts. It is read as it is now, each time.
   *
   * Throws RequestError (BAD_USER_INPUT, SERVICE_UNAVAILABLE where it takes too long), MediaNotFoundError and MediaRejectedError (OUTSIDE_ROOTS, HIDDEN).
   */
  list(
    folder: Folder,
    page: Pick<FolderRequest, 'after' | 'limit'>,
    signal: AbortSignal,
  ): Promise<readonly MediaFile[]>;
}

/** A folder of 100,000 files takes a tenth of a second on a local disk; one of a share that does not answer takes for ever. */
const longestMs = 30_000;
/** How long the thread waits for the next folder. */
const idleMs = 60_000;
/** Folders that wait for their turn. */
const longestQueue = 100;

/** Opens the media roots for listing: one folder after the other, on a thread that is opened with the first. */
export function openFolders(mediaRoots: readonly MediaRoot[], limitMs = longestMs): Folders {
  let pool: Tinypool | undefined;
  async function run(request: FolderRequest, left: AbortSignal): Promise<readonly FolderEntry[]> {
    pool ??= new Tinypool({
      filename: new URL('./list-folder.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: idleMs,
      maxQueue: longestQueue,
    });
    if (pool.queueSize >= longestQueue) throw unavailable();
    const late = AbortSignal.timeout(limitMs);
    try {
      return await pool.run(request, { signal: AbortSignal.any([left, late]) });
    } catch (error) {
      left.throwIfAborted();
      throw late.aborted ? unavailable() : error;
    }
  }
  return {
    async list({ root: number, path }, page, signal) {
      const named = mediaRoots[number];
      if (named === undefined) throw badInput(`root must be from 0 to ${mediaRoots.length - 1}.`);
      const roots = await realRootsOf(mediaRoots);
      const root = roots.find(({ path: each }) => each === named.path);
      if (root === undefined) throw new MediaNotFoundError('This media root of the server does not exist yet.');
      const asked = resolve(root.path, path);
      if (!isUnder(asked, [root.path, root.real]) || path.includes('\0')) throw outside();
      const open = await openServed(asked, roots);
      if (open === null) throw new MediaNotFoundError('There is no folder at this path.');
      await using handle = open.handle;
      if (!(await handle.stat()).isDirectory()) throw badInput('This path is not a folder.');
      const reals = roots.map(({ real }) => real);
      const entries = await run({ ...page, folder: pathToOpen(handle, open.path), roots: reals }, signal);
      const base = number === 0 ? relativeTo(root, asked) : asked;
      return entries.map((entry) => ({ ...entry, path: join(base, entry.name) }));
    },
    [Symbol.asyncDispose]: async () => pool?.destroy(),
  };
}

/** As a client names it who was given a path of the root as it is configured, or as it really is. */
function relativeTo({ path, real }: RealRoot, asked: string): string {
  return relative(isUnder(asked, [path]) ? path : real, asked);
}

function badInput(message: string): RequestError {
  return new RequestError('BAD_USER_INPUT', message);
}

function unavailable(): RequestError {
  const hint = 'Try again later, or name the recording by its path.';
  return new RequestError('SERVICE_UNAVAILABLE', 'The folder takes too long to list.', hint);
}
