import { type Kysely, sql, type Transaction } from 'kysely';
import { isPostgres } from '../database/dialect.ts';
import type { Tables } from '../database/tables.ts';

/*
 * The order of the queue is start-time fair queueing: rounds of one priority follow each other, in each of them every caller has one job, and of a round the job
 * that came first is first. A job has its round from the moment that it comes, so that the order is that of one index, on `place` and `arrival`.
 *
 * `turn` says in which round each caller last had a job begun. Where the callers are together is the latest of these rounds: a caller who has had no jobs for
 * a while begins there, and saves up nothing. Rounds are counted in jobs and not in hours, since a recording's length is not known when its job is added.
 */

/** Rounds of a priority: more than there will be jobs, and so few that a place stays below 2 ** 53 at the lowest priority. */
const roundsPerPriority = 2 ** 42;
const highestPriority = 1000;

/** Where a job stands. Round 0 is that of jobs which were begun before and go on. */
export function placeOf(priority: number, round: number): number {
  return (highestPriority - priority) * roundsPerPriority + round;
}

/** Jobs of one caller at one priority. */
export interface Line {
  readonly priority: number;
  readonly caller: string;
}

/** A job that waits, where it stands. */
export interface Placed extends Line {
  readonly place: number;
}

function roundOf({ priority, place }: Pick<Placed, 'priority' | 'place'>): number {
  return place - placeOf(priority, 0);
}

/** A condition that lets the databases read indexes of the jobs that wait: it must be written out. */
export const isQueued = sql<boolean>`job.status = 'QUEUED'`;

/** Enough that a caller's jobs begin in the order in which they came, few enough that others are not held up. */
const mostMoved = 1000;

/** The place of a job that comes in now: in the round after the last job of its caller. */
export async function placeAtEnd(tx: Transaction<Tables>, line: Line): Promise<number> {
  const next = await nextRound(tx, line, await lockTurn(tx, line));
  const last = await lineOf(tx, line).orderBy('place', 'desc').orderBy('arrival', 'desc').limit(1).executeTakeFirst();
  return Math.max(placeOf(line.priority, next), (last?.place ?? 0) + 1);
}

/**
 * The place of a job that came before others of its caller that wait already: that of the first of them. Each of them moves to the place of the
 * next, at most 1,000, so that its caller has no second job in a round.
 */
export async function placeByArrival(tx: Transaction<Tables>, line: Line, arrival: number): Promise<number> {
  const end = await placeAtEnd(tx, line);
  const later = lineOf(tx, line).where('arrival', '>', arrival);
  const moved = later.orderBy('place', 'desc').orderBy('arrival', 'desc').limit(mostMoved);
  const { place } = await tx
    .selectFrom(moved.as('moved'))
    .select((eb) => eb.fn.min('place').as('place'))
    .executeTakeFirstOrThrow();
  if (place === null) return end;
  await sql`
    update job set place = moved.next from (
      select id, lead(place, 1, ${end}) over (order by place, arrival) as next from (${moved}) as line
    ) as moved where job.id = moved.id`.execute(tx);
  return place;
}

/** So many are looked at of each class, in case that others have taken the first ones and not committed yet. */
const headsAtOnce = 64;

/** Looks for the job that is next to run among those of some classes. It reads the heads of the classes, however long the queue is, and passes over jobs whose recordings may still be written to. */
export async function findNext(
  db: Kysely<Tables>,
  classes: readonly string[],
): Promise<{ readonly id: string } | undefined> {
  if (isPostgres(db)) return findUnlocked(db, classes);
  const heads = classes.map((needs) => {
    const ready = db
      .selectFrom('job')
      .select(['id', 'place', 'arrival'])
      .where('settling', '=', 0)
      .where('needs', '=', needs)
      .where('place', 'is not', null)
      .orderBy('place')
      .orderBy('arrival')
      .limit(headsAtOnce);
    return db.selectFrom(ready.as('ready')).selectAll();
  });
  const [first, ...others] = heads;
  if (first === undefined) return undefined;
  return db
    .selectFrom(others.reduce((all, some) => all.unionAll(some), first).as('head'))
    .innerJoin('job', 'job.id', 'head.id')
    .select('job.id')
    .where('job.place', 'is not', null)
    .orderBy('head.place')
    .orderBy('head.arrival')
    .limit(1)
    .executeTakeFirst();
}

/** The same for PostgreSQL, which passes over those that another worker is about to take. Every worker without a job asks it whenever one comes; of one part for all classes it is planned in half of the time. */
async function findUnlocked(
  db: Kysely<Tables>,
  classes: readonly string[],
): Promise<{ readonly id: string } | undefined> {
  const { rows } = await sql<{ readonly id: string }>`
    select job.id from unnest(${classes}::text[]) as class (needs)
    cross join lateral (
      select id, place, arrival from job where settling = 0 and needs = class.needs and place is not null
      order by place, arrival limit ${sql.lit(headsAtOnce)}
    ) as head
    join job on job.id = head.id where job.place is not null
    order by head.place, head.arrival limit 1 for update of job skip locked`.execute(db);
  return rows[0];
}

/** Notes that a job was begun that stood at `place`: one that goes on has had its turn already. */
export async function takeTurn(tx: Transaction<Tables>, job: Placed): Promise<void> {
  const round = roundOf(job);
  if (round === 0) return;
  const { priority, caller } = job;
  await tx
    .insertInto('turn')
    .values({ priority, caller, round })
    .onConflict((conflict) =>
      conflict.columns(['priority', 'caller']).doUpdateSet({ round }).where('turn.round', '<', round),
    )
    .execute();
  await drawUp(tx, job);
}

/** Brings the next job of a caller up to where its turn is, where those before it have gone. Those behind it follow when it is begun. */
export async function drawUp(tx: Transaction<Tables>, line: Line): Promise<void> {
  const { priority, caller } = line;
  const turn = await tx
    .selectFrom('turn')
    .select('round')
    .where('priority', '=', priority)
    .where('caller', '=', caller)
    .executeTakeFirst();
  const place = placeOf(priority, await nextRound(tx, line, turn?.round ?? 0));
  const next = lineOf(tx, line).clearSelect().select('job.id').orderBy('place').orderBy('arrival').limit(1);
  // One that is being begun has no place any more, and its turn comes after this one.
  const free = isPostgres(tx) ? next.forUpdate().skipLocked() : next;
  await tx.updateTable('job').set({ place }).where('id', '=', free).where('place', '>', place).execute();
}

/** The jobs of a caller that wait for their turn at a priority: one whose recording may still be written to has a place, but no turn that others would wait for. */
function lineOf(db: Kysely<Tables>, { priority, caller }: Line) {
  return db
    .selectFrom('job')
    .select(['job.id', 'job.place', 'job.arrival'])
    .where(isQueued)
    .where('caller', '=', caller)
    .where('priority', '=', priority)
    .where('settling', '=', 0)
    .where('place', '>', placeOf(priority, 0));
}

/** In which round a caller last had a job begun. Locks it, so that no two jobs of a caller that come at the same time have the same round. */
async function lockTurn(tx: Transaction<Tables>, { priority, caller }: Line): Promise<number> {
  const turn = await tx
    .insertInto('turn')
    .values({ priority, caller, round: 0 })
    .onConflict((conflict) =>
      conflict.columns(['priority', 'caller']).doUpdateSet((eb) => ({ round: eb.ref('turn.round') })),
    )
    .returning('round')
    .executeTakeFirstOrThrow();
  return turn.round;
}

/** The round after a caller's last turn, or where the callers are together by now. */
async function nextRound(db: Kysely<Tables>, { priority }: Line, turn: number): Promise<number> {
  const last = await db
    .selectFrom('turn')
    .select('round')
    .where('priority', '=', priority)
    .orderBy('round', 'desc')
    .limit(1)
    .executeTakeFirst();
  return Math.max(1, last?.round ?? 0, turn + 1);
}
