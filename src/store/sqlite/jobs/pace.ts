import { type Kysely, sql } from 'kysely';
import type { Pace } from '../../store.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

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
    .select(['attempt.started_at', 'job.eta_seconds'])
    .where('job.status', '=', 'WORKING')
    .where('attempt.finished_at', 'is', null)
    .execute();
  // A clock that was set while one ran must not make it take less than nothing.
  const took = done.reduce((sum, attempt) => sum + Math.max(0, attempt.finished_at - attempt.started_at), 0);
  return {
    jobSeconds: done.length === 0 ? null : took / done.length / 1000,
    working: working.map((row) => ({ startedAt: toDate(row.started_at), etaSeconds: row.eta_seconds })),
  };
}
