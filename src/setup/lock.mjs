import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './error-code.mjs';
import { processIsAlive, startOf } from './process-identity.mjs';

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
