import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ReleaseFile } from './release.ts';

/** Read at once: hashing it takes a few milliseconds, in which nobody else has a turn. */
const chunkBytes = 1_048_576;

/** Whether the bytes on disk are those that the hub tells. */
export async function hasHash(path: string, { hash, bytes }: ReleaseFile, signal: AbortSignal): Promise<boolean> {
  const sum = hash.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path, { highWaterMark: chunkBytes }), sum, { signal });
  return sum.digest('hex') === hash.hex;
}
