import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  promises,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, SetupError } from './failure.mjs';

/**
 * Makes a folder under a temporary name and puts it in place only when it is complete: whoever finds it finds it whole, and an interruption at any point
 * leaves the old one, or none.
 *
 * @param {string} place where it belongs; what is there is replaced
 * @param {string} temporary folder on the same file system
 * @param {(staging: string) => Promise<string>} make works in the empty folder given, returns the finished folder: that one or one inside it
 */
export async function makeFolder(place, temporary, make) {
  const staging = join(temporary, `${process.pid}-${Date.now()}`);
  const old = `${staging}-old`;
  mkdirSync(staging, { recursive: true });
  mkdirSync(dirname(place), { recursive: true });
  try {
    const finished = await make(staging);
    moveAway(place, old);
    renameSync(finished, place);
  } finally {
    for (const rest of [staging, old]) rmSync(rest, { recursive: true, force: true });
    removeIfEmpty(temporary);
  }
}

/** @param {string} folder */
function removeIfEmpty(folder) {
  try {
    rmdirSync(folder);
  } catch {
    // Another set-up works in it.
  }
}

/**
 * Removes what interrupted set-ups have left.
 *
 * @param {string} temporary
 */
export function removeLeftovers(temporary) {
  for (const name of namesIn(temporary)) {
    if (!processIsAlive(Number.parseInt(name, 10))) rmSync(join(temporary, name), { recursive: true, force: true });
  }
}

/**
 * The names in a folder; none where it is not there, or not any more.
 *
 * @param {string} folder
 */
export function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * @param {string} from
 * @param {string} to
 */
function moveAway(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

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
async function hashOfLarge(file, algorithm, encoding) {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest(encoding);
}

/** What was downloaded is not what is named here. Another source is no cure: someone should look. */
export class WrongHash extends SetupError {
  /**
   * @param {string} name of the file or package
   * @param {{ readonly wanted: string, readonly seen: string }} hashes
   */
  constructor(name, { wanted, seen }) {
    super(`${name} has a wrong hash. What was downloaded was thrown away.`, {
      details: [`Wanted: ${wanted}`, `Got:    ${seen}`],
      advice: [
        'Try again. If it stays so, something between you and the source changes files: a proxy, or the mirror that you use.',
      ],
    });
  }
}

/**
 * @param {string} file
 * @param {{ readonly name: string, readonly algorithm: 'sha256' | 'sha512', readonly encoding: 'hex' | 'base64', readonly wanted: string }} expected
 */
export async function requireHash(file, { name, algorithm, encoding, wanted }) {
  const seen = await hashOfLarge(file, algorithm, encoding);
  if (seen !== wanted) throw new WrongHash(name, { wanted, seen });
}

/**
 * Refuses early what would fill the disk later.
 *
 * @param {string} path where the space is needed; need not exist yet
 * @param {number} megabytes
 */
export async function requireSpace(path, megabytes) {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  // Missing before Node 18.15: then a full disk is told when it is full.
  const { bavail, bsize } = (await promises.statfs?.(place)) ?? { bavail: Infinity, bsize: 1 };
  const free = (bavail * bsize) / 1e6;
  if (free >= megabytes) return;
  throw new SetupError(
    `There is too little room on the disk: this step needs ${megabytes} MB, ${Math.floor(free)} MB are free.`,
    {
      details: [`Disk of: ${place}`],
      advice: ['Make room, or put the project on another disk.'],
    },
  );
}

const pollMs = 200;

/**
 * Lets one set-up work at a time in a project. A second one waits; the lock of one that is gone counts for nothing.
 *
 * @param {string} file
 * @param {{ readonly signal: AbortSignal, readonly onWait: (pid: number) => void }} options
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(file, { signal, onWait }) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
  try {
    let told = 0;
    while (!tryLink(mine, file)) {
      const owner = readOwner(file);
      if (owner === null) continue;
      if (!isAtWork(owner)) removeStale(file, owner.text);
      else {
        if (told !== owner.pid) onWait(owner.pid);
        told = owner.pid;
        await sleep(pollMs, undefined, { signal });
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/**
 * A link appears with its content or not at all, so nobody ever reads a half-written lock.
 *
 * @param {string} from
 * @param {string} to
 */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function readOwner(file) {
  try {
    const text = readFileSync(file, 'utf8');
    const { pid, start } = JSON.parse(text);
    return { text, pid: Number(pid), start: String(start) };
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : { text: '', pid: 0, start: '' };
  }
}

/** @param {{ readonly pid: number, readonly start: string }} owner */
function isAtWork({ pid, start }) {
  return pid > 0 && processIsAlive(pid) && startOf(pid) === start;
}

/**
 * Takes the lock aside and looks again: another set-up may have removed the stale one and put its own there in the meantime.
 *
 * @param {string} file
 * @param {string} text the stale content
 */
function removeStale(file, text) {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
    if (text !== '' && readFileSync(aside, 'utf8') !== text) tryLink(aside, file);
    rmSync(aside, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** @param {number} pid */
function processIsAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return codeOf(error) === 'EPERM';
  }
}

/**
 * When the process started, in the kernel's ticks: numbers of processes are given again, this pair is not. Empty where the system does not tell.
 *
 * @param {number} pid
 */
export function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; field 22 is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
