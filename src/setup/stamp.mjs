import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Lies inside what it vouches for, so that it appears and disappears with it. */
const stampName = '.phonograph-stamp.json';

/**
 * @param {string} folder
 * @returns {Readonly<Record<string, unknown>>} what was noted when the folder was made; empty when it was not made, or not to its end
 */
export function readStamp(folder) {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, stampName), 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : {};
  } catch {
    return {};
  }
}

/**
 * Written last, when all else in the folder is in place.
 *
 * @param {string} folder
 * @param {Readonly<Record<string, unknown>>} stamp
 */
export function writeStamp(folder, stamp) {
  writeFileSync(join(folder, stampName), `${JSON.stringify(stamp, null, 2)}\n`);
}

/**
 * @param {string} file a small one
 * @returns {string} sha256 in hex
 */
export function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/**
 * @param {string} file of any size
 * @param {'sha256' | 'sha512'} algorithm
 * @param {'hex' | 'base64'} encoding
 */
export async function hashOfLarge(file, algorithm, encoding) {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest(encoding);
}
