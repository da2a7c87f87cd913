import { type Kysely, sql } from 'kysely';
import type { JobStatus } from '../../../jobs/job.ts';
import type { Pace, QueueCounts } from '../../store.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { isQueued } from './order.ts';

/** How many jobs wait and run, and since when the oldest waits. */
export async function queueCounts(db: Kysely<Tables>): Promise<QueueCounts> {
  const counts = await countByStatus(db, ['QUEUED', 'WORKING']);
  const count = (status: JobStatus) => counts.get(status) ?? 0;
  const oldest = await db
    .selectFrom('job')
    .select('arrival')
    .where('status', '=', 'QUEUED')
    .orderBy('arrival')
    .limit(1)
    .executeTakeFirst();
  return { queued: count('QUEUED'), working: count('WORKING'), oldestQueuedAt: toDate(oldest?.arrival ?? null) };
}

/** How many jobs there are of each status: triggers count, on PostgreSQL in several rows, so that nobody waits for another to count. */
export async function countByStatus(
  db: Kysely<Tables>,
  statuses: readonly JobStatus[],
): Promise<ReadonlyMap<JobStatus, number>> {
  const rows = await db
    .selectFrom('job_count')
    .select((eb) => ['status', eb.cast<number>(eb.fn.sum('jobs'), 'bigint').as('jobs')])
    .where('status', 'in', statuses)
    .groupBy('status')
    .execute();
  return new Map(rows.map(({ status, jobs }) => [status, jobs]));
}

/** The last arrival of a job that is not over; 0 where there is none. */
export async function lastArrival(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ readonly last: number | null }>`select max(newest.last) as last from (
    select max(arrival) as last from job where status = 'QUEUED'
    union all select max(arrival) from job where status = 'WORKING'
  ) as newest`.execute(db);
  return rows[0]?.last ?? 0;
}

/** Whether so many jobs wait, or more. */
export async function queueHolds(db: Kysely<Tables>, jobs: number): Promise<boolean> {
  return ((await countByStatus(db, ['QUEUED'])).get('QUEUED') ?? 0) >= jobs;
}

/** Whether so many jobs of one caller wait, or more. */
export async function callerHolds(db: Kysely<Tables>, callerId: string | null, jobs: number): Promise<boolean> {
  const waiting = db
    .selectFrom('job')
    .select('id')
    .where(isQueued)
    .where('caller', '=', callerId ?? '')
    .limit(jobs);
  const { count } = await db
    .selectFrom(waiting.as('waiting'))
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count) >= jobs;
}

/** Enough that one odd recording does not decide, few enough to follow another kind of work within a day. */
const attemptsOfLate = 20;

/** How fast jobs go: what the last ones took, and how far those are that run. */
export async function readPace(db: Kysely<Tables>): Promise<Pace> {
  const done = await db
    .selectFrom('attempt')
    .select(['started_at', 'finished_at'])
    // Written out, since a value that is bound cannot choose the index of the completed.
    .where('outcome', '=', sql.lit('COMPLETED'))
    .where('finished_at', 'is not', null)
    .orderBy('finished_at', 'desc')
    .limit(attemptsOfLate)
    .$narrowType<{ finished_at: number }>()
    .execute();
  const working = await db
    .selectFrom('job')
    .innerJoin('attempt', 'attempt.job_id', 'job.id')
    .select(['attempt.started_at', 'job.eta_seconds', 'job.needs'])
    .where('job.status', '=', 'WORKING')
    .where('attempt.finished_at', 'is', null)
    .execute();
  // A clock that was set while one ran must not make it take less than nothing.
  const took = done.reduce((sum, attempt) => sum + Math.max(0, attempt.finished_at - attempt.started_at), 0);
  return {
    jobSeconds: done.length === 0 ? null : took / done.length / 1000,
    working: working.map((row) => ({
      startedAt: toDate(row.started_at),
      etaSeconds: row.eta_seconds,
      needs: row.needs,
    })),
  };
}
