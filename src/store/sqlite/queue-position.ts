import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';
import { compareTurns, type Waiting } from './turn.ts';

/** A job that waits, as the order of the queue sees it. */
interface Place {
  readonly id: string;
  readonly priority: number;
  readonly begun: 0 | 1;
  readonly caller: string;
  readonly queued_at: number;
}

/** A caller at a priority with the number of its jobs that wait there. */
interface Line extends Waiting {
  readonly count: number;
}

/** 1 = next to run; null when the job is not queued. It is the order in which `findNext` would give the queue out. */
export async function readPosition(db: Kysely<Tables>, id: string): Promise<number | null> {
  const place = await db
    .selectFrom('job')
    .select(['id', 'priority', 'begun', 'caller', 'queued_at'])
    .where('id', '=', id)
    .where('status', '=', 'QUEUED')
    .executeTakeFirst();
  if (place === undefined) return null;
  const { above, begun, own } = await countBefore(db, place);
  if (place.begun === 1) return above + begun + 1;
  return above + begun + own + countOthers(await readLines(db, place.priority), place.caller, own) + 1;
}

/** Jobs of a higher priority, those that go on before this one, and those of the same caller. */
async function countBefore(db: Kysely<Tables>, place: Place) {
  const queued = db
    .selectFrom('job')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('status', '=', 'QUEUED');
  const level = queued.where('priority', '=', place.priority);
  const earlier = level.where((eb) => eb(eb.refTuple('queued_at', 'id'), '<', eb.tuple(place.queued_at, place.id)));
  // Ranges of the index of the queue rather than one condition with "or", which would read the whole of it.
  const counts = await db
    .selectNoFrom([
      queued.where('priority', '>', place.priority).as('above'),
      (place.begun === 1 ? earlier : level).where('begun', '=', 1).as('begun'),
      earlier.where('begun', '=', 0).where('caller', '=', place.caller).as('own'),
    ])
    .executeTakeFirstOrThrow();
  return { above: Number(counts.above), begun: Number(counts.begun), own: Number(counts.own) };
}

async function readLines(db: Kysely<Tables>, priority: number): Promise<readonly Line[]> {
  const rows = await db
    .selectFrom('job')
    .leftJoin('turn', (join) => join.onRef('turn.caller', '=', 'job.caller').on('turn.priority', '=', priority))
    .select((eb) => [
      'job.caller',
      eb.fn.max('turn.number').as('number'),
      eb.fn.min('job.queued_at').as('since'),
      eb.fn.countAll().as('count'),
    ])
    .where('job.status', '=', 'QUEUED')
    .where('job.priority', '=', priority)
    .where('job.begun', '=', 0)
    .groupBy('job.caller')
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
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
