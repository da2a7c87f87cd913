import type { Kysely } from 'kysely';
import type { JobStatus } from '../../../jobs/job.ts';
import type { QueueCounts } from '../../store.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** How many jobs wait and run, and since when the oldest waits. */
export async function queueCounts(db: Kysely<Tables>): Promise<QueueCounts> {
  const counts = await db.selectFrom('job_count').selectAll().where('status', 'in', ['QUEUED', 'WORKING']).execute();
  const count = (status: JobStatus) => counts.find((row) => row.status === status)?.jobs ?? 0;
  const oldest = await db
    .selectFrom('job')
    .select('queued_at')
    .where('status', '=', 'QUEUED')
    .orderBy('queued_at')
    .limit(1)
    .executeTakeFirst();
  return { queued: count('QUEUED'), working: count('WORKING'), oldestQueuedAt: toDate(oldest?.queued_at ?? null) };
}

/** The last place that was given to a job which is not over; 0 where there is none. */
export async function lastPlace(db: Kysely<Tables>): Promise<number> {
  const last = await db
    .selectFrom('job')
    .select((eb) => eb.fn.max('queued_at').as('place'))
    .where('status', 'in', ['QUEUED', 'WORKING'])
    .executeTakeFirst();
  return last?.place ?? 0;
}

/** Whether so many jobs wait, or more. */
export async function queueHolds(db: Kysely<Tables>, jobs: number): Promise<boolean> {
  const waiting = await db.selectFrom('job_count').select('jobs').where('status', '=', 'QUEUED').executeTakeFirst();
  return (waiting?.jobs ?? 0) >= jobs;
}
