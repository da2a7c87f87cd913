import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncToDisk } from './disk.ts';

/** A recording that comes in pieces, which may take several processes. What has come is on disk when the disposal is done. */
export interface Arrival extends AsyncDisposable {
  /** How many bytes have come. */
  readonly bytes: number;
  /** It has come to its end, in a process that ended before it could tell. */
  readonly isWhole: boolean;
  append(bytes: Uint8Array): Promise<void>;
  /** Throws away what has come. */
  restart(): Promise<void>;
  /** Makes it a recording that a job has, durable when this returns; its SHA-256 in hex. */
  keep(): Promise<string>;
}

/** Where a recording arrives, and where it is kept when it is whole, and never before. */
interface Places {
  readonly path: string;
  readonly keepAs: string;
}

/** Opens a recording that comes in pieces, with those that are there, which are read for its hash. Throws the reason of a signal that is aborted meanwhile. */
export async function openArrival({ path, keepAs }: Places, signal?: AbortSignal): Promise<Arrival> {
  const isWhole = await exists(keepAs);
  await using stack = new AsyncDisposableStack();
  const handle = stack.use(await open(isWhole ? keepAs : path, isWhole ? 'r' : 'a+', 0o600));
  // Somebody goes on with it: what nobody has added to for a day is swept.
  if (!isWhole) await handle.utimes(new Date(), new Date());
  let { bytes, hash } = await readAll(handle, signal);
  const owned = stack.move();
  return {
    get bytes() {
      return bytes;
    },
    isWhole,
    async append(more) {
      await handle.appendFile(more);
      hash.update(more);
      bytes += more.length;
    },
    async restart() {
      await handle.truncate();
      [bytes, hash] = [0, createHash('sha256')];
    },
    async keep() {
      if (!isWhole) {
        await handle.sync();
        await rename(path, keepAs);
      }
      await syncToDisk(dirname(keepAs));
      return hash.digest('hex');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Read at once: hashing it takes less than a millisecond, between which everybody else has a turn. */
const pieceBytes = 262_144;

async function readAll(handle: FileHandle, signal?: AbortSignal): Promise<{ bytes: number; hash: Hash }> {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(pieceBytes);
  for (let bytes = 0; ;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(piece, 0, pieceBytes, bytes);
    if (bytesRead === 0) return { bytes, hash };
    hash.update(piece.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}
