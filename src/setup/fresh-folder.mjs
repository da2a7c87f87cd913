import { mkdirSync, readdirSync, renameSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from './error-code.mjs';
import { processIsAlive } from './process-identity.mjs';

/**
 * Makes a folder under a temporary name and puts it in place only when it is complete: whoever finds it finds it whole, and an interruption at any point
 * leaves the old one, or none.
 *
 * @param {string} place where it belongs; what is there is replaced
 * @param {string} temporary folder on the same file system
 * @param {(workshop: string) => Promise<string>} make works in the empty folder given, returns the finished folder: that one or one inside it
 */
export async function makeFolder(place, temporary, make) {
  const workshop = join(temporary, `${process.pid}-${Date.now()}`);
  const old = `${workshop}-old`;
  mkdirSync(workshop, { recursive: true });
  mkdirSync(dirname(place), { recursive: true });
  try {
    const finished = await make(workshop);
    moveAway(place, old);
    renameSync(finished, place);
  } finally {
    for (const rest of [workshop, old]) rmSync(rest, { recursive: true, force: true });
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
