import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, promises, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, SetupError } from './failure.mjs';

/** Lies inside what it vouches for, so that it appears and disappears with it. */
const stampName = '.phonograph-stamp.json';

/**
 * A step that makes a folder, under a temporary name, and puts it in place only when it is complete: whoever finds it finds it whole, and an interruption
 * at any point leaves the old one, or none.
 *
 * @param {import('./project.mjs').Project} project
 * @param {object} folder
 * @param {string} folder.title
 * @param {string} folder.place where it belongs; what is there is replaced
 * @param {string} [folder.staging] folder on the same file system; what an interrupted set-up has left in it is removed
 * @param {number} folder.megabytes that must be free on the disk
 * @param {(stamp: Stamp) => boolean} folder.isReady
 * @param {(work: import('./project.mjs').Work) => Promise<string>} folder.make works in an empty folder and returns the finished one inside it, stamped
 * @returns {import('./project.mjs').Step}
 */
export function folderStep(project, { title, place, staging = join(project.tools, 'tmp'), megabytes, isReady, make }) {
  return {
    title,
    isReady: () => isReady(readStamp(place)),
    async install(progress) {
      await requireSpace(staging, megabytes);
      rmSync(staging, { recursive: true, force: true });
      mkdirSync(staging, { recursive: true });
      mkdirSync(dirname(place), { recursive: true });
      try {
        const finished = await make({ project, staging, progress });
        if (existsSync(place)) renameSync(place, join(staging, 'replaced'));
        renameSync(finished, place);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
    },
  };
}

/**
 * @typedef {Readonly<Record<string, unknown>>} Stamp
 *
 * @param {string} folder
 * @returns {Stamp} what was noted when the folder was made; empty when it was not made, or not to its end
 */
export function readStamp(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, stampName), 'utf8')) ?? {};
  } catch {
    return {};
  }
}

/** Written last, when all else in the folder is in place. @param {string} folder @param {Stamp} stamp @returns {string} the folder */
export function writeStamp(folder, stamp) {
  writeFileSync(join(folder, stampName), `${JSON.stringify(stamp, null, 2)}\n`);
  return folder;
}

/** @param {string} file @returns {string} sha256 in hex */
export function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Refuses early what would fill the disk later. @param {string} path need not exist yet @param {number} megabytes that must be free there */
export async function requireSpace(path, megabytes) {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  // Missing before Node 18.15: then a full disk is told when it is full.
  const { bavail, bsize } = (await promises.statfs?.(place)) ?? { bavail: Infinity, bsize: 1 };
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free >= megabytes) return;
  throw new SetupError(`There is too little room on the disk: this needs ${megabytes} MB, ${free} MB are free.`, {
    details: [`Disk of: ${place}`],
    advice: ['Make room, or put the project on another disk.'],
  });
}

/** @param {string} text @returns {string} a name of its own for a folder */
export function shortHash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * Lets one program at a time work on something, such as a set-up in a folder; a second one waits. The lock is a socket that listens, which ends with its
 * owner, however that ends. Where it can lie nowhere, as without a folder for temporary files, nobody waits for anybody.
 *
 * @param {string} what such as the folder
 * @param {{ readonly signal: AbortSignal, readonly onWait: (pid: string) => void }} options onWait gets the number of the process that is at work
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(what, { signal, onWait }) {
  // The path of a socket has at most 104 characters, too few for one inside the folder. Those of other users would be closed to this one.
  const path = join(tmpdir(), `phonograph-${shortHash(`${what} of ${process.getuid?.()}`)}.sock`);
  /** @type {import('node:net').Socket[]} */
  const waiting = [];
  const server = createServer((socket) => {
    waiting.push(socket.on('error', () => {}));
    socket.write(String(process.pid));
  });
  const listen = async () => await once(server.listen(path), 'listening').then(() => '', codeOf);
  const madeAt = () => statSync(path, { bigint: true, throwIfNoEntry: false })?.ctimeNs;
  /** @type {bigint | undefined} */
  let abandoned;
  for (let failure = await listen(); failure !== ''; failure = await listen()) {
    if (failure !== 'EADDRINUSE') return () => {};
    const found = madeAt();
    const owner = connect({ path, signal }).on('data', (pid) => onWait(String(pid)));
    const isThere = await once(owner, 'connect').catch(() => null);
    if (isThere !== null) await once(owner, 'close').catch(() => {});
    signal.throwIfAborted();
    if (isThere !== null) continue;
    // Nobody listens there, now and a moment ago: its owner was killed. What others who wait have made since is theirs.
    if (found === abandoned && madeAt() === found) rmSync(path, { force: true });
    abandoned = found;
    await sleep(20 + 80 * Math.random()); // Those who saw it at once look again one after the other.
  }
  return () => {
    server.close();
    for (const socket of waiting) socket.destroy();
  };
}
