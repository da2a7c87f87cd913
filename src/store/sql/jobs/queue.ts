import { type Kysely, sql, type Transaction } from 'kysely';
import type { JobStatus } from '../../../jobs/job.ts';
import type { Pace, QueueCounts } from '../../store.ts';
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
export async function lastQueueRank(db: Kysely<Tables>): Promise<number> {
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

/** Whether so many jobs of one caller wait, or more. */
export async function callerHolds(db: Kysely<Tables>, callerId: string | null, jobs: number): Promise<boolean> {
  const waiting = db
    .selectFrom('job')
    .select('id')
    .where('status', '=', 'QUEUED')
    .where('caller', '=', callerId ?? '')
    .limit(jobs);
  const { count } = await db
    .selectFrom(waiting.as('waiting'))
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count) >= jobs;
}

/** The job that runs next, and whether its caller's turn is over with it. */
export interface Next {
  readonly id: string;
  readonly priority: number;
  readonly caller: string;
  /** It was begun before and goes on: no turn is used up. */
  readonly isStarted: boolean;
}

/** A caller with jobs that wait at a priority. */
interface WaitingCaller {
  readonly caller: string;
  /** Number of its last turn; null before the first. */
  readonly number: number | null;
  /** When its first job came. */
  readonly since: number;
}

/** Whose turn is earlier: the one whose last was longest ago; of those who had none, the one who came first. */
function compareTurns(a: WaitingCaller, b: WaitingCaller): number {
  return (a.number ?? 0) - (b.number ?? 0) || a.since - b.since || (a.caller < b.caller ? -1 : 1);
}

/**
 * Looks for the job that is next to run: of the highest priority, one that was begun before, else the oldest of the caller whose turn it is.
 * It reads as much as there are callers, however long the queue is, and passes over jobs whose recordings are not there, or may still be written to.
 */
export async function findNext(db: Kysely<Tables>): Promise<Next | null> {
  const top = await db
    .selectFrom('job')
    .select(['priority', 'begun'])
    .where('status', '=', 'QUEUED')
    .where('settling', '=', 0)
    .orderBy('priority', 'desc')
    .orderBy('begun', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (top === undefined) return null;
  const { priority, begun } = top;
  const waiting = begun === 1 ? [] : await readWaiting(db, priority);
  const first = waiting.toSorted(compareTurns)[0];
  const jobs = db.selectFrom('job').select(['id', 'caller']).where('status', '=', 'QUEUED').where('settling', '=', 0);
  const oldest = jobs.where('priority', '=', priority).where('begun', '=', begun).orderBy('queued_at').orderBy('id');
  const next = await (first === undefined ? oldest : oldest.where('caller', '=', first.caller))
    .limit(1)
    .executeTakeFirst();
  return next === undefined ? null : { ...next, priority, isStarted: begun === 1 };
}

/** Notes that a caller has had its turn. */
export async function saveTurn(tx: Transaction<Tables>, { priority, caller, isStarted }: Next): Promise<void> {
  if (isStarted) return;
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
async function readWaiting(db: Kysely<Tables>, priority: number): Promise<readonly WaitingCaller[]> {
  const level = sql`job.status = 'QUEUED' and job.priority = ${priority} and job.begun = 0 and job.settling = 0`;
  const { rows } = await sql<WaitingCaller>`
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

/** A job that waits, as the order of the queue sees it. */
interface QueueEntry {
  readonly id: string;
  readonly priority: number;
  readonly begun: 0 | 1;
  readonly caller: string;
  readonly queued_at: number;
}

/** The jobs of a caller that wait at a priority, those that were begun apart from the others. */
interface CallerLine extends WaitingCaller, Pick<QueueEntry, 'priority' | 'begun'> {
  readonly count: number;
}

/**
 * 1 = next to run; null when a job is not queued, or its recording is not fetched yet: nobody knows when it will be, so that it has no place and takes none.
 * It is the order in which `findNext` would give the queue out.
 */
export async function readPositions(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly (number | null)[]> {
  const entries = await readEntries(db, ids);
  if (entries.length === 0) return ids.map(() => null);
  const callerLines = await readCallerLines(db);
  const earlier = await countEarlier(db, entries);
  const positions = new Map(
    entries.map((entry) => [entry.id, positionOf(entry, callerLines, earlier.get(entry.id) ?? 0)]),
  );
  return ids.map((id) => positions.get(id) ?? null);
}

async function readEntries(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly QueueEntry[]> {
  const jobs = await db
    .selectFrom('job')
    .select(['id', 'status', 'priority', 'begun', 'caller', 'queued_at', 'settling'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  return jobs.filter(({ status, settling }) => status === 'QUEUED' && settling !== 2);
}

async function readCallerLines(db: Kysely<Tables>): Promise<readonly CallerLine[]> {
  const callerLines = db
    .selectFrom('job')
    .select((eb) => ['priority', 'begun', 'caller', eb.fn.min('queued_at').as('since'), eb.fn.countAll().as('count')])
    .where('status', '=', 'QUEUED')
    .where('settling', '<', 2)
    .groupBy(['priority', 'begun', 'caller']);
  const rows = await db
    .selectFrom(callerLines.as('line'))
    .leftJoin('turn', (join) =>
      join.onRef('turn.priority', '=', 'line.priority').onRef('turn.caller', '=', 'line.caller'),
    )
    .select(['line.priority', 'line.begun', 'line.caller', 'line.since', 'line.count', 'turn.number'])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/**
 * Jobs of the same caller that come before each entry, of those that are begun already the jobs of every caller. What lies between one entry and
 * the next is counted once, however many entries there are.
 */
async function countEarlier(db: Kysely<Tables>, entries: readonly QueueEntry[]): Promise<ReadonlyMap<string, number>> {
  const inOrder = entries.toSorted((a, b) => a.queued_at - b.queued_at || (a.id < b.id ? -1 : 1));
  const groups = Map.groupBy(
    inOrder,
    ({ priority, begun, caller }) => `${priority} ${begun === 1 ? '' : `of ${caller}`}`,
  );
  const counts = [...groups.values()]
    .flatMap((group) => group.map((entry, index) => countBetween(db, entry, group[index - 1])))
    .reduce((all, some) => all.unionAll(some));
  const between = new Map((await counts.execute()).map(({ id, count }) => [id, Number(count)]));
  const earlier = new Map<string, number>();
  for (const group of groups.values()) {
    let sum = 0;
    for (const { id } of group) earlier.set(id, (sum += between.get(id) ?? 0));
  }
  return earlier;
}

/** Ranges of the index of the queue rather than one condition with "or", which would read the whole of it. */
function countBetween(db: Kysely<Tables>, entry: QueueEntry, from: QueueEntry | undefined) {
  let jobs = db
    .selectFrom('job')
    .select((eb) => [eb.val(entry.id).as('id'), eb.fn.countAll().as('count')])
    .where('status', '=', 'QUEUED')
    .where('priority', '=', entry.priority)
    .where('begun', '=', entry.begun)
    .where('settling', '<', 2)
    .where((eb) => eb(eb.refTuple('queued_at', 'id'), '<', eb.tuple(entry.queued_at, entry.id)));
  if (entry.begun === 0) jobs = jobs.where('caller', '=', entry.caller);
  if (from === undefined) return jobs;
  return jobs.where((eb) => eb(eb.refTuple('queued_at', 'id'), '>=', eb.tuple(from.queued_at, from.id)));
}

function positionOf(entry: QueueEntry, callerLines: readonly CallerLine[], earlier: number): number {
  const above = sumOf(callerLines.filter(({ priority }) => priority > entry.priority));
  if (entry.begun === 1) return above + earlier + 1;
  const level = callerLines.filter(({ priority }) => priority === entry.priority);
  const begun = sumOf(level.filter((line) => line.begun === 1));
  const waiting = level.filter((line) => line.begun === 0);
  return above + begun + earlier + countOthers(waiting, entry.caller, earlier) + 1;
}

function sumOf(callerLines: readonly CallerLine[]): number {
  return callerLines.reduce((sum, { count }) => sum + count, 0);
}

/** Jobs of other callers that come before the one with `rounds` of its caller's before it: one a round, and one more where their turn is earlier. */
function countOthers(callerLines: readonly CallerLine[], caller: string, rounds: number): number {
  const own = callerLines.find((line) => line.caller === caller);
  let before = 0;
  for (const line of callerLines) {
    if (own === undefined || line === own) continue;
    before += Math.min(line.count, rounds + (compareTurns(line, own) < 0 ? 1 : 0));
  }
  return before;
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
