import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The SHA-256 of a file in hex, read in pieces of 64 KiB between which everybody else has a turn. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}

/** A file that is hashed while somebody else reads it. */
export interface HashedFile extends Disposable {
  /** Its SHA-256, once it is read; null where it cannot be read, or is not the same file any more: then nobody knows what the other has read. */
  sha256(): Promise<string | null>;
}

/** Begins to hash a file; disposing of it ends that. Settles before the first byte is read by anybody. */
export async function startHashing(path: string): Promise<HashedFile> {
  const stopping = new AbortController();
  const before = await identify(path);
  // Told by sha256: a file that cannot be read has no hash.
  const hashing = hashFile(path, stopping.signal).catch(() => null);
  return {
    async sha256() {
      const hash = await hashing;
      return before !== null && before === (await identify(path)) ? hash : null;
    },
    [Symbol.dispose]: () => stopping.abort(),
  };
}

/** What changes with a file; null where there is none. */
export async function identify(path: string): Promise<string | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats === null ? null : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(' ');
}
