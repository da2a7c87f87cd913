import type { Log } from '#src/logs/log.ts';
import { repeat } from '#src/operations/repeat.ts';
import type { DetectionStore } from '#src/store/detections.ts';
import type { OpenPart, PartStore } from '#src/store/parts.ts';
import type { Work } from '#src/store/store.ts';
import type { OpenAttempt } from '#src/store/work.ts';
import { isOfChild } from './process/environment.ts';
import { environmentsOf, isOfThisBoot, signalGroup, startTimeOf, waitForGroup } from './process/process-group.ts';

/** A killed process is gone within milliseconds, unless it waits for a device that does not answer. */
const goneWithinMs = 1000;

/** Whose leases are looked at. */
interface ReapingParts {
  readonly store: Pick<Work, 'expiredAttempts' | 'reap'> &
    Pick<DetectionStore, 'reapDetections'> &
    Pick<PartStore, 'expiredParts' | 'freeParts'>;
  readonly log: Log;
  readonly leaseMs: number;
}

/** What orphans are ended and reaped with. */
interface ReapParts {
  readonly store: Pick<Work, 'reap'>;
  readonly log: Log;
  /** Ends a process group; false where it does not end in time. Stood in for by tests, which cannot make a process that does not. */
  readonly end?: (group: number) => Promise<boolean>;
}

/**
 * Ends what the engines of a server that died have left running, then gives the jobs back to the queue or, where that was asked for, cancels
 * them. Returns the attempts whose processes do not end, to be tried again: a job of theirs stays WORKING.
 */
export async function reap(
  orphans: readonly OpenAttempt[],
  { store, log, end = endGroup }: ReapParts,
): Promise<readonly OpenAttempt[]> {
  const gone = await Promise.all(orphans.map((attempt) => endOrphan(attempt, log, end)));
  const reaped = await store.reap(orphans.filter((_, index) => gone[index] === true));
  for (const { jobId: job, attempt, status } of reaped) {
    log.warn({ job, attempt, status }, 'job of a dead server reaped');
  }
  return orphans.filter((_, index) => gone[index] !== true);
}

/** As `reap`, with the parts of recordings that nobody reads any more; those whose processes do not end are tried again. */
export async function freeParts(
  expired: readonly OpenPart[],
  { store, log, end = endGroup }: Pick<ReapParts, 'log' | 'end'> & { readonly store: Pick<PartStore, 'freeParts'> },
): Promise<void> {
  const gone = await Promise.all(expired.map((part) => endOrphan({ ...part, attempt: part.number }, log, end)));
  await store.freeParts(expired.filter((_, index) => gone[index] === true));
  for (const { jobId: job, number: part } of expired) log.warn({ job, part }, 'part of a dead worker freed');
}

/** Between two looks at the leases of others. */
const reapMs = 1000;

/** Forgets detections whose worker, or who waits for them, was not heard of for so long: the jobs are as they were. */
export async function reapDetections(
  { store, log }: { readonly store: Pick<DetectionStore, 'reapDetections'>; readonly log: Log },
  leaseMs: number,
): Promise<void> {
  const jobs = await store.reapDetections(leaseMs);
  for (const job of jobs) log.warn({ job }, 'speakers not detected by a worker that is gone');
}

/** Gives back the jobs of workers that were not heard of for a lease, where this process runs none itself. */
export function startReaping({ store, log, leaseMs }: ReapingParts): AsyncDisposable {
  return repeat(
    reapMs,
    async () => {
      const expired = await store.expiredAttempts(leaseMs);
      if (expired.length > 0) await reap(expired, { store, log });
      await reapDetections({ store, log }, leaseMs);
      const parts = await store.expiredParts(leaseMs);
      if (parts.length > 0) await freeParts(parts, { store, log });
    },
    (err) => log.warn({ err }, 'leases not looked at'),
  );
}

function endGroup(group: number): Promise<boolean> {
  signalGroup(group, 'SIGKILL');
  return waitForGroup(group, goneWithinMs);
}

/** Whether nothing of the attempt runs any more. */
async function endOrphan(
  { jobId: job, attempt, pid, pidStartTime }: Omit<OpenAttempt, 'renewedAt'>,
  log: Log,
  end: typeof endGroup,
): Promise<boolean> {
  if (pid === null || pidStartTime === null || !(await isOrphan(pid, pidStartTime))) return true;
  log.warn({ job, attempt, pid }, 'orphaned engine is ended');
  const gone = await end(pid);
  if (!gone) log.error({ job, attempt, pid }, 'orphaned engine does not end');
  return gone;
}

/**
 * Whether the group with this number is the one that was noted. The kernel gives no number to a new process while a group has it; so where the
 * first process is gone, the others are known by what every child of ours has in its environment.
 */
async function isOrphan(pid: number, startTime: string): Promise<boolean> {
  const now = startTimeOf(pid);
  if (now !== null) return now === startTime;
  if (!isOfThisBoot(startTime)) return false;
  const environments = await environmentsOf(pid);
  return environments.length > 0 && environments.every(isOfChild);
}
