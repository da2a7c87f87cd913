import type { Kysely } from 'kysely';
import type { QueueCounts } from '../port.ts';
import { toDate } from './rows.ts';
import type { Tables } from './tables.ts';

/** How many jobs wait and run, and since when the oldest waits. */
export async function queueCounts(db: Kysely<Tables>): Promise<QueueCounts> {
  const rows = await db
    .selectFrom('job')
    .select((eb) => ['status', eb.fn.countAll().as('count'), eb.fn.min('queued_at').as('oldest')])
    .where('status', 'in', ['QUEUED', 'WORKING'])
    .groupBy('status')
    .execute();
  const queued = rows.find((row) => row.status === 'QUEUED');
  const working = rows.find((row) => row.status === 'WORKING');
  return {
    queued: Number(queued?.count ?? 0),
    working: Number(working?.count ?? 0),
    oldestQueuedAt: queued === undefined ? null : toDate(queued.oldest),
  };
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
