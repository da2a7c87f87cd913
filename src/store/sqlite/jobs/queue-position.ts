import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { compareTurns, type Waiting } from './turn.ts';

/** A job that waits, as the order of the queue sees it. */
interface Place {
  readonly id: string;
  readonly priority: number;
  readonly begun: 0 | 1;
  readonly caller: string;
  readonly queued_at: number;
}

/** The jobs of a caller that wait at a priority, those that were begun apart from the others. */
interface Line extends Waiting, Pick<Place, 'priority' | 'begun'> {
  readonly count: number;
}

/** 1 = next to run; null when a job is not queued. It is the order in which `findNext` would give the queue out. */
export async function readPositions(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly (number | null)[]> {
  const places = await readPlaces(db, ids);
  if (places.length === 0) return ids.map(() => null);
  const lines = await readLines(db);
  const earlier = await countEarlier(db, places);
  const positions = new Map(places.map((place) => [place.id, positionOf(place, lines, earlier.get(place.id) ?? 0)]));
  return ids.map((id) => positions.get(id) ?? null);
}

async function readPlaces(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly Place[]> {
  const jobs = await db
    .selectFrom('job')
    .select(['id', 'status', 'priority', 'begun', 'caller', 'queued_at'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  return jobs.filter(({ status }) => status === 'QUEUED');
}

async function readLines(db: Kysely<Tables>): Promise<readonly Line[]> {
  const lines = db
    .selectFrom('job')
    .select((eb) => ['priority', 'begun', 'caller', eb.fn.min('queued_at').as('since'), eb.fn.countAll().as('count')])
    .where('status', '=', 'QUEUED')
    .groupBy(['priority', 'begun', 'caller']);
  const rows = await db
    .selectFrom(lines.as('line'))
    .leftJoin('turn', (join) =>
      join.onRef('turn.priority', '=', 'line.priority').onRef('turn.caller', '=', 'line.caller'),
    )
    .select(['line.priority', 'line.begun', 'line.caller', 'line.since', 'line.count', 'turn.number'])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/**
 * Jobs of the same caller that come before each place, of those that are begun already the jobs of every caller. What lies between one place and
 * the next is counted once, however many places there are.
 */
async function countEarlier(db: Kysely<Tables>, places: readonly Place[]): Promise<ReadonlyMap<string, number>> {
  const inOrder = places.toSorted((a, b) => a.queued_at - b.queued_at || (a.id < b.id ? -1 : 1));
  const groups = Map.groupBy(
    inOrder,
    ({ priority, begun, caller }) => `${priority} ${begun === 1 ? '' : `of ${caller}`}`,
  );
  const counts = [...groups.values()]
    .flatMap((group) => group.map((place, index) => countBetween(db, place, group[index - 1])))
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
function countBetween(db: Kysely<Tables>, place: Place, from: Place | undefined) {
  let jobs = db
    .selectFrom('job')
    .select((eb) => [eb.val(place.id).as('id'), eb.fn.countAll().as('count')])
    .where('status', '=', 'QUEUED')
    .where('priority', '=', place.priority)
    .where('begun', '=', place.begun)
    .where((eb) => eb(eb.refTuple('queued_at', 'id'), '<', eb.tuple(place.queued_at, place.id)));
  if (place.begun === 0) jobs = jobs.where('caller', '=', place.caller);
  if (from === undefined) return jobs;
  return jobs.where((eb) => eb(eb.refTuple('queued_at', 'id'), '>=', eb.tuple(from.queued_at, from.id)));
}

function positionOf(place: Place, lines: readonly Line[], earlier: number): number {
  const above = sumOf(lines.filter(({ priority }) => priority > place.priority));
  if (place.begun === 1) return above + earlier + 1;
  const level = lines.filter(({ priority }) => priority === place.priority);
  const begun = sumOf(level.filter((line) => line.begun === 1));
  const waiting = level.filter((line) => line.begun === 0);
  return above + begun + earlier + countOthers(waiting, place.caller, earlier) + 1;
}

function sumOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { count }) => sum + count, 0);
}

/** Jobs of other callers that come before the one with `rounds` of its caller's before it: one a round, and one more where their turn is earlier. */
function countOthers(lines: readonly Line[], caller: string, rounds: number): number {
  const own = lines.find((line) => line.caller === caller);
  let before = 0;
  for (const line of lines) {
    if (own === undefined || line === own) continue;
    before += Math.min(line.count, rounds + (compareTurns(line, own) < 0 ? 1 : 0));
  }
  return before;
}
