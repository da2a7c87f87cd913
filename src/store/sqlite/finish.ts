import type { Transaction } from 'kysely';
import { allowedIn, follow, type AttemptOutcome, type JobAct, type JobStatus } from '../../job.ts';
import type { Ending, Lease, Reaped } from '../port.ts';
import { changeJob, lockJob, statusChanged, type Change, type LockedJob } from './change.ts';
import { commit, type Connection } from './connection.ts';
import { backInQueue } from './job-columns.ts';
import { toJson } from './json.ts';
import { underLease } from './lease.ts';
import type { Tables } from './tables.ts';

const acts = {
  COMPLETED: 'complete',
  FAILED: 'fail',
  CANCELLED: 'cancel',
  INTERRUPTED: 'interrupt',
} as const satisfies Record<AttemptOutcome, JobAct>;

/** Ends the attempt of a lease and moves its job on. False where the lease was lost. */
export async function finish(connection: Connection, lease: Lease, ending: Ending): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    const outcome = job.cancel_requested_at === null ? ending.kind : 'CANCELLED';
    await tx
      .updateTable('attempt')
      .set({
        outcome,
        finished_at: time,
        exit_code: ending.exitCode,
        signal: ending.signal,
        peak_memory_bytes: ending.peakMemoryBytes,
        provenance: ending.provenance === null ? null : toJson(ending.provenance),
      })
      .where('job_id', '=', lease.jobId)
      .where('number', '=', lease.attempt)
      .execute();
    const set = outcome === 'CANCELLED' ? stopped(time) : afterEnding(job, ending, time);
    await move(tx, job, { act: acts[outcome], attempt: lease.attempt, set, time });
    return true;
  });
  return done ?? false;
}

/** Ends the attempts that a server that is gone left open, and gives their jobs back to the queue. */
export function reap(connection: Connection): Promise<readonly Reaped[]> {
  return commit(connection, async (tx, ring) => {
    const open = await tx
      .selectFrom('job')
      .innerJoin('attempt', 'attempt.job_id', 'job.id')
      .select(['attempt.job_id', 'attempt.number', 'attempt.pid', 'attempt.pid_start_time'])
      .where('job.status', 'in', allowedIn('interrupt'))
      .where('attempt.finished_at', 'is', null)
      .execute();
    const time = connection.now();
    const reaped: Reaped[] = [];
    for (const { job_id: jobId, number: attempt, pid, pid_start_time: pidStartTime } of open) {
      const status = await interrupt(tx, { jobId, attempt, time });
      ring(jobId);
      reaped.push({ jobId, attempt, status, pid, pidStartTime });
    }
    return reaped;
  });
}

async function interrupt(
  tx: Transaction<Tables>,
  { jobId, attempt, time }: { readonly jobId: string; readonly attempt: number; readonly time: number },
): Promise<JobStatus> {
  await tx
    .updateTable('attempt')
    .set({ outcome: 'INTERRUPTED', finished_at: time })
    .where('job_id', '=', jobId)
    .where('number', '=', attempt)
    .execute();
  const job = await lockJob(tx, jobId, (eb) => eb('status', 'in', allowedIn('interrupt')));
  if (job === undefined) throw new Error(`The job ${jobId} has an open attempt and does not run.`);
  const isCancelled = job.cancel_requested_at !== null;
  const set = isCancelled ? stopped(time) : backInQueue(job);
  return move(tx, job, { act: isCancelled ? 'cancel' : 'interrupt', attempt, set, time });
}

interface Move extends Pick<Change, 'set' | 'time'> {
  readonly act: JobAct;
  readonly attempt: number;
}

async function move(tx: Transaction<Tables>, job: LockedJob, { act, attempt, set, time }: Move): Promise<JobStatus> {
  const status = follow(job.status, act);
  if (status === null) throw new Error(`A job that is ${job.status} cannot ${act}.`);
  await changeJob(tx, job, { set: { ...set, status }, facts: [statusChanged(job, status, attempt)], time });
  return status;
}

function afterEnding(job: LockedJob, ending: Ending, time: number): Change['set'] {
  switch (ending.kind) {
    case 'COMPLETED':
      return { ...stopped(time), fraction: 1, processed_seconds: ending.processedSeconds, checkpoint: null };
    case 'FAILED':
      return { ...stopped(time), failure: toJson(ending.failure) };
    case 'CANCELLED':
      return stopped(time);
    case 'INTERRUPTED':
      return { ...backInQueue(job), crashes: job.crashes + (ending.crash === null ? 0 : 1) };
    default:
      return ending satisfies never;
  }
}

function stopped(time: number): Change['set'] {
  return { stage: 'DONE', finished_at: time, eta_seconds: null };
}
