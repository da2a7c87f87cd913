import type { Transaction } from 'kysely';
import { allowedIn } from '../../../jobs/job.ts';
import type { Lease } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import type { Tables } from '../database/tables.ts';
import { type LockedJob, lockJob } from '../jobs/change.ts';

/** A write of a worker, on the job that its lease holds. */
export type LeasedAct<T> = (tx: Transaction<Tables>, job: LockedJob, time: number) => Promise<T>;

/** Runs `act` where the lease holds, and rings; null, with nothing changed, where it was lost. */
export function underLease<T>(connection: Connection, lease: Lease, act: LeasedAct<T>): Promise<T | null> {
  return commit(connection, async (tx, ring) => {
    const job = await lockLeased(tx, lease);
    if (job === undefined) return null;
    const result = await act(tx, job, connection.now());
    ring(job.id);
    return result;
  });
}

/** The job of a lease, locked; undefined where another attempt has it or none. */
export function lockLeased(tx: Transaction<Tables>, lease: Lease): Promise<LockedJob | undefined> {
  return lockJob(tx, lease.jobId, (eb) =>
    eb('status', 'in', allowedIn('interrupt')).and(
      eb.exists(
        eb
          .selectFrom('attempt')
          .select('attempt.number')
          .where('attempt.job_id', '=', lease.jobId)
          .where('attempt.number', '=', lease.attempt)
          .where('attempt.lease', '=', lease.token)
          .where('attempt.finished_at', 'is', null),
      ),
    ),
  );
}
