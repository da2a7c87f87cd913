import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { Range } from '../database/keyset.ts';
import { inPieces } from '../database/pieces.ts';
import type { Tables } from '../database/tables.ts';
import { keepMatching, keepNamed } from './candidates.ts';
import { walksOf } from './job-scans.ts';
import type { Walk } from './walk.ts';

/** Jobs that are looked at between two turns of everybody else: a few milliseconds. */
export const jobsPerSlice = 1000;
/** The first slice is as long as the page, which it mostly fills; those after it are so many times as long as the one before. */
const growth = 4;
/** The limit with which each walk shows how far it gets. */
const jobsPerTrial = 250;

/**
 * Numbers of the jobs that match a filter, in the order in which the range is read, slice by slice until its end; `limit` is the length of
 * the first slice. It follows one walk at a time, bounded by numbers alone, and looks at each job that it leads to, so that no slice takes longer
 * where there are more jobs, or where nothing matches.
 */
export async function* walkJobs(
  db: Kysely<Tables>,
  filter: JobFilter,
  range: Range<number>,
): AsyncGenerator<readonly number[], void, undefined> {
  if (filter.ids !== undefined) {
    yield* walkNamed(db, filter, range);
    return;
  }
  const walks = walksOf(db, filter);
  let [walk] = walks;
  let rest = range;
  for (let slice = 1; ; slice += 1) {
    const { numbers, end } = await walk.read(rest);
    yield walk.isExact ? numbers : await keepMatching(db, filter, numbers);
    if (end === null) return;
    const beyond = range.backwards ? { before: end } : { after: end };
    rest = { ...rest, ...beyond, limit: Math.min(rest.limit * growth, jobsPerSlice) };
    await setImmediate();
    // After 1, 2, 4, 8 ... slices: what was rare among the newest may not be so among the others, and trials must not cost more than slices.
    if (Number.isInteger(Math.log2(slice))) walk = await shortest(walks, rest);
  }
}

/** The walk that gets furthest in the same time: the one that leads past the fewest that do not match. */
async function shortest(walks: readonly [Walk, ...Walk[]], range: Range<number>): Promise<Walk> {
  let [best] = walks;
  if (walks.length === 1) return best;
  let furthest = range.backwards ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const walk of walks) {
    const { end } = await walk.read({ ...range, limit: jobsPerTrial });
    if (end === null) return walk;
    if (range.backwards ? end > furthest : end < furthest) [best, furthest] = [walk, end];
    await setImmediate();
  }
  return best;
}

/** Ids are looked up and then put into order here: a database that has to choose between the ids and the order may walk through all jobs. */
async function* walkNamed(
  db: Kysely<Tables>,
  { ids = [], ...rest }: JobFilter,
  range: Range<number>,
): AsyncGenerator<readonly number[], void, undefined> {
  const numbers: number[] = [];
  for (const piece of inPieces([...new Set(ids)])) {
    numbers.push(...(await keepNamed(db, rest, piece)));
    await setImmediate();
  }
  const within = numbers.filter((number) => number < range.after && number > range.before);
  yield within.toSorted((a, b) => (range.backwards ? a - b : b - a));
}
