import type { Kysely, Transaction } from 'kysely';
import { allowedIn, type JobStatus } from '../../../jobs/job.ts';
import type { OpenAttempt, Reaped } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import type { Tables } from '../database/tables.ts';
import { lockJob } from '../jobs/change.ts';
import { backInQueue } from '../jobs/job-columns.ts';
import { move, stopped } from './attempt.ts';

/** The attempts that have not ended. */
export async function openAttempts(db: Kysely<Tables>): Promise<readonly OpenAttempt[]> {
  const rows = await db
    .selectFrom('job')
    .innerJoin('attempt', 'attempt.job_id', 'job.id')
    .select(['attempt.job_id', 'attempt.number', 'attempt.pid', 'attempt.pid_start_time'])
    .where('job.status', 'in', allowedIn('interrupt'))
    .where('attempt.finished_at', 'is', null)
    .execute();
  return rows.map((row) => ({
    jobId: row.job_id,
    attempt: row.number,
    pid: row.pid,
    pidStartTime: row.pid_start_time,
  }));
}

/** Ends the attempts that a server that is gone left open, and gives their jobs back to the queue. */
export function reap(connection: Connection, orphans: readonly OpenAttempt[]): Promise<readonly Reaped[]> {
  return commit(connection, async (tx, ring) => {
    const time = connection.now();
    const reaped: Reaped[] = [];
    for (const { jobId, attempt } of orphans) {
      const status = await interrupt(tx, { jobId, attempt, time });
      if (status === null) continue;
      ring(jobId);
      reaped.push({ jobId, attempt, status });
    }
    return reaped;
  });
}

/** Null where the attempt has ended meanwhile. */
async function interrupt(
  tx: Transaction<Tables>,
  { jobId, attempt, time }: { readonly jobId: string; readonly attempt: number; readonly time: number },
): Promise<JobStatus | null> {
  const ended = await tx
    .updateTable('attempt')
    .set({ outcome: 'INTERRUPTED', finished_at: time })
    .where('job_id', '=', jobId)
    .where('number', '=', attempt)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
  if (ended.numUpdatedRows === 0n) return null;
  const job = await lockJob(tx, jobId, (eb) => eb('status', 'in', allowedIn('interrupt')));
  if (job === undefined) throw new Error(`The job ${jobId} has an open attempt and does not run.`);
  const isCancelled = job.cancel_requested_at !== null;
  const set = isCancelled ? stopped(time) : backInQueue(job);
  return move(tx, job, { act: isCancelled ? 'cancel' : 'interrupt', attempt, set, time });
}
