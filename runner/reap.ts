import type { Log } from '#src/log.ts';
import type { Reaped, Work } from '#src/store/port.ts';
import { signalGroup, startTimeOf, waitForGroup } from './process-group.ts';

/** A killed process is gone within milliseconds, unless it waits for a device that does not answer. */
const goneWithinMs = 5000;

/** Gives the jobs of a server that died back to the queue, and ends those of its engines that still live. */
export async function reap(store: Pick<Work, 'reap'>, log: Log): Promise<void> {
  const reaped = await store.reap();
  await Promise.all(reaped.map((attempt) => endOrphan(attempt, log)));
}

async function endOrphan({ jobId: job, attempt, status, pid, pidStartTime }: Reaped, log: Log): Promise<void> {
  const isOrphan = pid !== null && pidStartTime !== null && startTimeOf(pid) === pidStartTime;
  log.warn({ job, attempt, status, pid, orphan: isOrphan }, 'job of a dead server reaped');
  if (!isOrphan) return;
  signalGroup(pid, 'SIGKILL');
  if (!(await waitForGroup(pid, goneWithinMs))) log.error({ job, pid }, 'orphaned engine does not end');
}
