import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';

/** The job that runs next, and whether its caller's turn is over with it. */
export interface Next {
  readonly id: string;
  readonly priority: number;
  readonly caller: string;
  /** It was begun before and goes on: no turn is used up. */
  readonly isBegun: boolean;
}

/** A caller with jobs that wait at a priority. */
export interface Waiting {
  readonly caller: string;
  /** Number of its last turn; null before the first. */
  readonly number: number | null;
  /** When its first job came. */
  readonly since: number;
}

/** Whose turn is earlier: the one whose last was longest ago; of those who had none, the one who came first. */
export function compareTurns(a: Waiting, b: Waiting): number {
  return (a.number ?? 0) - (b.number ?? 0) || a.since - b.since || (a.caller < b.caller ? -1 : 1);
}

/**
 * Looks for the job that is next to run: of the highest priority, one that was begun before, else the oldest of the caller whose turn it is.
 * It reads as much as there are callers, however long the queue is.
 */
export async function findNext(db: Kysely<Tables>): Promise<Next | null> {
  const top = await db
    .selectFrom('job')
    .select(['priority', 'begun'])
    .where('status', '=', 'QUEUED')
    .orderBy('priority', 'desc')
    .orderBy('begun', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (top === undefined) return null;
  const { priority, begun } = top;
  const waiting = begun === 1 ? [] : await readWaiting(db, priority);
  const first = waiting.toSorted(compareTurns)[0];
  const jobs = db.selectFrom('job').select(['id', 'caller']).where('status', '=', 'QUEUED');
  const oldest = jobs.where('priority', '=', priority).where('begun', '=', begun).orderBy('queued_at').orderBy('id');
  const next = await (first === undefined ? oldest : oldest.where('caller', '=', first.caller))
    .limit(1)
    .executeTakeFirst();
  return next === undefined ? null : { ...next, priority, isBegun: begun === 1 };
}

/** Notes that a caller has had its turn. */
export async function noteTurn(tx: Transaction<Tables>, { priority, caller, isBegun }: Next): Promise<void> {
  if (isBegun) return;
  const { last } = await tx
    .selectFrom('turn')
    .select((eb) => eb.fn.max('number').as('last'))
    .where('priority', '=', priority)
    .executeTakeFirstOrThrow();
  const number = (last ?? 0) + 1;
  await tx
    .insertInto('turn')
    .values({ priority, caller, number })
    .onConflict((conflict) => conflict.columns(['priority', 'caller']).doUpdateSet({ number }))
    .execute();
}

/** The callers whose jobs wait at a priority, found by stepping from one to the next in the index of the queue. */
async function readWaiting(db: Kysely<Tables>, priority: number): Promise<readonly Waiting[]> {
  const level = sql`job.status = 'QUEUED' and job.priority = ${priority} and job.begun = 0`;
  const { rows } = await sql<Waiting>`
    with recursive step(caller) as (
      select min(job.caller) from job where ${level}
      union all
      select (select min(job.caller) from job where ${level} and job.caller > step.caller)
      from step where step.caller is not null
    )
    select step.caller, turn.number,
      (select min(job.queued_at) from job where ${level} and job.caller = step.caller) as since
    from step left join turn on turn.priority = ${priority} and turn.caller = step.caller
    where step.caller is not null`.execute(db);
  return rows;
}
