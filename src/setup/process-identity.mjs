import { readFileSync } from 'node:fs';
import { codeOf } from './error-code.mjs';

/** @param {number} pid */
export function processIsAlive(pid) {
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
