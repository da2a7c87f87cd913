import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { Job } from '../../../jobs/job.ts';
import type { Keyed, Page } from '../../page.ts';
import { inPieces } from '../database/connection.ts';
import { inListOrder, type Range, toRange } from '../database/keyset.ts';
import { selectJob, toJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { type ChangePlace, keyOf, numberPlaceOf } from './changes.ts';
import { clean, keepMatching, matchesNothing, scanJobs, toJobRange } from './job-list.ts';

type PlaceRange = Range<ChangePlace>;

/** A page of jobs, those that changed last first. */
export async function listUpdated(db: Kysely<Tables>, filter: JobFilter, page: Page): Promise<readonly Keyed<Job>[]> {
  const range = toPlaceRange(filter, page);
  if (matchesNothing(filter)) return [];
  const places = (await findPlaces(db, clean(filter), range)).slice(0, range.limit);
  if (places.length === 0) return [];
  const numbers = places.map(({ number }) => number);
  const rows = await selectJob(db).where('job.number', 'in', numbers).execute();
  const jobs = new Map(rows.map((row) => [row.number, toJob(row)]));
  const found = places.flatMap(({ updatedAt, number }) => {
    const item = jobs.get(number);
    // Deleted since its number was read.
    return item === undefined ? [] : [{ key: keyOf(updatedAt, number), item }];
  });
  return inListOrder(found, range);
}

function toPlaceRange({ updatedAfter }: JobFilter, page: Page): PlaceRange {
  const greatest = Number.MAX_SAFE_INTEGER;
  const start = { updatedAt: greatest, number: greatest };
  const range = toRange(page, { start, end: { updatedAt: -1, number: greatest }, parse: numberPlaceOf });
  if (updatedAfter === undefined) return range;
  const before = { updatedAt: updatedAfter.getTime() - 1, number: greatest };
  return { ...range, before: compare(before, range.before) > 0 ? before : range.before };
}

/** Jobs that are looked at between two turns of everybody else: a few milliseconds. */
const jobsPerSlice = 1000;
/** The first slice is as long as the page, which it mostly fills; those after it are so many times as long as the one before. */
const growth = 4;
/** Jobs that are looked at in their order before those that match are looked for by what the filter asks, and so many of these are put into order. */
const mostInOrder = 5000;

/** The places of those that match, in the order in which the range is read, to its end or more than its limit. */
async function findPlaces(db: Kysely<Tables>, filter: JobFilter, range: PlaceRange): Promise<readonly ChangePlace[]> {
  const found: ChangePlace[] = [];
  let rest = range;
  let looked = filter.ids === undefined ? 0 : mostInOrder;
  for (;;) {
    if (looked >= mostInOrder) {
      const few = await findFew(db, filter, range);
      if (few !== null) return few;
      looked = Number.NEGATIVE_INFINITY;
    }
    const slice = await readPlaces(db, rest);
    found.push(...(await keepPlaces(db, filter, slice)));
    const last = slice.at(-1);
    if (found.length >= range.limit || last === undefined || slice.length < rest.limit) return found;
    looked += slice.length;
    const beyond = range.backwards ? { before: last } : { after: last };
    rest = { ...rest, ...beyond, limit: Math.min(rest.limit * growth, jobsPerSlice) };
    await setImmediate();
  }
}

async function readPlaces(
  db: Kysely<Tables>,
  { after, before, backwards, limit }: PlaceRange,
): Promise<readonly ChangePlace[]> {
  const direction = backwards ? 'asc' : 'desc';
  const rows = await db
    .selectFrom('job_updated')
    .selectAll()
    .where((eb) => eb(eb.refTuple('updated_at', 'number'), '<', eb.tuple(after.updatedAt, after.number)))
    .where((eb) => eb(eb.refTuple('updated_at', 'number'), '>', eb.tuple(before.updatedAt, before.number)))
    .orderBy('updated_at', direction)
    .orderBy('number', direction)
    .limit(limit)
    .execute();
  return rows.map(({ updated_at: updatedAt, number }) => ({ updatedAt, number }));
}

async function keepPlaces(
  db: Kysely<Tables>,
  filter: JobFilter,
  places: readonly ChangePlace[],
): Promise<readonly ChangePlace[]> {
  const { after, before } = toJobRange(filter, { limit: 1 });
  const within = places.filter(({ number }) => number < after && number > before);
  const numbers = within.map(({ number }) => number);
  const matching = new Set(Object.keys(filter).length === 0 ? numbers : await keepMatching(db, filter, numbers));
  return within.filter(({ number }) => matching.has(number));
}

/** All places in a range, where few jobs match or their ids are given: put into order here. Null where many do. */
async function findFew(
  db: Kysely<Tables>,
  filter: JobFilter,
  range: PlaceRange,
): Promise<readonly ChangePlace[] | null> {
  const numbers: number[] = [];
  for await (const some of scanJobs(db, filter, toJobRange(filter, { limit: jobsPerSlice }))) {
    numbers.push(...some);
    if (filter.ids === undefined && numbers.length > mostInOrder) return null;
  }
  const places: ChangePlace[] = [];
  for (const piece of inPieces(numbers)) {
    const rows = await db
      .selectFrom('job')
      .select(['updated_at as updatedAt', 'number'])
      .where('number', 'in', piece)
      .execute();
    places.push(...rows.filter((row) => compare(row, range.after) < 0 && compare(row, range.before) > 0));
    await setImmediate();
  }
  return places.toSorted((a, b) => (range.backwards ? compare(a, b) : compare(b, a)));
}

function compare(a: ChangePlace, b: ChangePlace): number {
  return a.updatedAt - b.updatedAt || a.number - b.number;
}
