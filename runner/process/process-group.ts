import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Boot and start time of a process as the kernel tells them, so that a pid used again is not mistaken for it. Null where there is
 * no such process or no /proc.
 */
export function startTimeOf(pid: number): string | null {
  try {
    return `${bootOf()}/${parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startTime}`;
  } catch {
    // The process is gone, or the system has no /proc: both mean that nothing is known.
    return null;
  }
}

/** Whether a start time, as `startTimeOf` tells it, is of the time since the machine was switched on. */
export function isOfThisBoot(startTime: string): boolean {
  return startTime.startsWith(`${bootOf()}/`);
}

/** The environments of the processes of a group that run, as far as they may be read. */
export async function environmentsOf(group: number): Promise<readonly string[]> {
  const members = ((await statsOf(group)) ?? []).filter(isAlive);
  return Promise.all(members.map(({ pid }) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
}

/** The most memory that a process has held so far, in bytes; null where it is gone or the system has no /proc. */
export async function peakMemoryOf(pid: number): Promise<number | null> {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/mu.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  } catch {
    return null; // As above: nothing is known.
  }
}

/** Sends a signal to every process of a group; false where there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  // kill(-1) would reach every process of this user, kill(0) our own group.
  if (!Number.isInteger(group) || group <= 1) return false;
  try {
    return process.kill(-group, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    // macOS says so of a group of zombies; elsewhere somebody lives there who is not ours to end.
    if (code === 'EPERM') return process.platform !== 'darwin';
    if (code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until no process of a group runs any more; false where `limitMs` is over first. */
export async function waitForGroup(group: number, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
  const start = performance.now();
  for (let pauseMs = 5; await runs(group); pauseMs = Math.min(pauseMs * 2, 100)) {
    const leftMs = limitMs - (performance.now() - start);
    if (leftMs <= 0) return false;
    // Not to be aborted: the limit is the caller's, and a group that was killed is gone within milliseconds.
    await sleep(Math.min(pauseMs, leftMs));
  }
  return true;
}

/** kill(-group, 0) also finds zombies, which stay for ever where process 1 does not collect them: those are gone all the same. */
async function runs(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  const stats = await statsOf(group);
  return stats === null || stats.some(isAlive);
}

interface Stat {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  readonly startTime: string;
}

function isAlive({ state }: Stat): boolean {
  return state !== 'Z' && state !== 'X';
}

async function statsOf(group: number): Promise<readonly Stat[] | null> {
  let entries: readonly string[];
  try {
    entries = await readdir('/proc');
  } catch {
    return null; // Not Linux: the answer of kill stands.
  }
  const pids = entries.filter((entry) => /^\d+$/u.test(entry));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)));
  return stats
    .filter((text) => text !== null)
    .map(parseStat)
    .filter((stat) => stat.group === group);
}

function bootOf(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Fields 1, 3, 5 and 22 of /proc/PID/stat (proc(5)); the program's name before them may itself hold spaces and brackets. */
function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    group: Number(fields[2]),
    startTime: fields[19] ?? '',
  };
}
