import type { Transaction } from 'kysely';
import { type AttemptOutcome, follow, type JobAct, type JobStatus } from '../../../jobs/job.ts';
import type { Ending, Lease } from '../../work.ts';
import type { Connection } from '../database/connection.ts';
import { toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import { type Change, changeJob, type LockedJob, statusChanged } from '../jobs/change.ts';
import { backInQueue } from '../jobs/job-columns.ts';
import { underLease } from './lease.ts';

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
    if (outcome === 'COMPLETED' && ending.kind === 'COMPLETED') await noteHash(tx, job, ending.sha256);
    const set = outcome === 'CANCELLED' ? stopped(time) : afterEnding(job, ending, time);
    await move(tx, job, { act: acts[outcome], attempt: lease.attempt, set, time });
    return true;
  });
  return done ?? false;
}

/** An upload has its hash from the start. */
async function noteHash(tx: Transaction<Tables>, job: LockedJob, sha256: string | null = null): Promise<void> {
  if (sha256 === null) return;
  await tx.updateTable('media').set({ sha256 }).where('id', '=', job.media_id).where('sha256', 'is', null).execute();
}

/** An act on the job of an attempt. */
export interface Move extends Pick<Change, 'set' | 'time'> {
  readonly act: JobAct;
  readonly attempt: number;
}

/** Writes where an act leads to, and what is to be written with it. */
export async function move(
  tx: Transaction<Tables>,
  job: LockedJob,
  { act, attempt, set, time }: Move,
): Promise<JobStatus> {
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

/** Columns of a job at which nothing more happens. */
export function stopped(time: number): Change['set'] {
  return { stage: 'DONE', finished_at: time, eta_seconds: null };
}
