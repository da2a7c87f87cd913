import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { isDescribed, type JobFilter } from '../../../jobs/job-filter.ts';
import { type Job, jobStatuses } from '../../../jobs/job.ts';
import type { Keyed, Page } from '../../page.ts';
import { inPieces } from '../database/connection.ts';
import { cleanText, parseTexts } from '../database/json.ts';
import { firstNumberOf, inListOrder, parseNumberKey, type Range, toRange } from '../database/keyset.ts';
import { selectJob, toJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { countByStatus } from '../jobs/queue.ts';
import { type IndexScan, scansOf } from './job-scans.ts';

/** A page of jobs, newest first. */
export async function listJobs(db: Kysely<Tables>, filter: JobFilter, page: Page): Promise<readonly Keyed<Job>[]> {
  const range = toJobRange(filter, page);
  if (matchesNothing(filter)) return [];
  const jobs: Keyed<Job>[] = [];
  for await (const numbers of scanJobs(db, clean(filter), range)) {
    jobs.push(...(await readJobs(db, numbers.slice(0, range.limit - jobs.length), range)));
    if (jobs.length === range.limit) break;
  }
  return inListOrder(jobs, range);
}

/** Numbers of the newest jobs that match a filter, at most `limit`. */
export async function listNumbers(db: Kysely<Tables>, filter: JobFilter, limit: number): Promise<readonly number[]> {
  if (matchesNothing(filter)) return [];
  const found: number[] = [];
  for await (const numbers of scanJobs(db, clean(filter), toJobRange(filter, { limit }))) {
    found.push(...numbers.slice(0, limit - found.length));
    if (found.length === limit) break;
  }
  return found;
}

/**
 * How many jobs a filter matches. Of all and of statuses it is known: triggers count in the transaction of each change, which costs one row
 * of five, where counting a million rows of an index would hold everybody up for 50 ms. Others are counted in slices between which everybody
 * has a turn; what changes meanwhile may be in it or not.
 */
export async function countJobs(db: Kysely<Tables>, filter: JobFilter): Promise<number> {
  if (matchesNothing(filter)) return 0;
  const { status, ...rest } = filter;
  if (Object.keys(rest).length === 0) return readCounts(db, status ?? jobStatuses);
  let count = 0;
  const range = toJobRange(filter, { limit: jobsPerSlice });
  for await (const numbers of scanJobs(db, clean(filter), range)) count += numbers.length;
  return count;
}

async function readCounts(db: Kysely<Tables>, statuses: NonNullable<JobFilter['status']>): Promise<number> {
  return [...(await countByStatus(db, statuses)).values()].reduce((sum, jobs) => sum + jobs, 0);
}

export function matchesNothing(filter: JobFilter): boolean {
  return filter.status?.length === 0 || filter.ids?.length === 0;
}

/** Text as it is kept, or nothing would be found by what cannot be. */
export function clean({ tag, language, titleContains, mediaNameContains, ...rest }: JobFilter): JobFilter {
  return {
    ...rest,
    ...(tag === undefined ? {} : { tag: cleanText(tag) }),
    ...(language === undefined ? {} : { language: cleanText(language) }),
    ...(titleContains === undefined ? {} : { titleContains: cleanText(titleContains) }),
    ...(mediaNameContains === undefined ? {} : { mediaNameContains: cleanText(mediaNameContains) }),
  };
}

/** The range of a page within the span of time that is asked for: newest first, so it ends where the time begins. */
export function toJobRange({ createdAfter, createdBefore }: JobFilter, page: Page): Range<number> {
  const range = toRange(page, { start: Number.MAX_SAFE_INTEGER, end: -1, parse: parseNumberKey });
  const [until, from] = [createdBefore?.getTime(), createdAfter?.getTime()];
  return {
    ...range,
    after: until === undefined ? range.after : Math.min(range.after, firstNumberOf(until)),
    before: from === undefined ? range.before : Math.max(range.before, firstNumberOf(from) - 1),
  };
}

/** What was deleted since its number was read is left out. */
async function readJobs(
  db: Kysely<Tables>,
  numbers: readonly number[],
  { backwards }: Range<number>,
): Promise<readonly Keyed<Job>[]> {
  if (numbers.length === 0) return [];
  const rows = await selectJob(db)
    .where('job.number', 'in', numbers)
    .orderBy('job.number', backwards ? 'asc' : 'desc')
    .execute();
  return rows.map((row) => ({ key: String(row.number), item: toJob(row) }));
}

/** Jobs that are looked at between two turns of everybody else: a few milliseconds. */
const jobsPerSlice = 1000;
/** The first slice is as long as the page, which it mostly fills; those after it are so many times as long as the one before. */
const growth = 4;
/** The limit with which each scan shows how far it gets. */
const jobsPerSample = 250;

/**
 * Numbers of the jobs that match a filter, in the order in which the range is read, slice by slice until its end; `limit` is the length of
 * the first slice. It follows one scan at a time, bounded by numbers alone, and looks at each job that it leads to, so that no slice takes longer
 * where there are more jobs, or where nothing matches.
 */
export async function* scanJobs(
  db: Kysely<Tables>,
  filter: JobFilter,
  range: Range<number>,
): AsyncGenerator<readonly number[], void, undefined> {
  if (filter.ids !== undefined) {
    yield* scanIds(db, filter, range);
    return;
  }
  const updated = await readUpdated(db, filter);
  if (updated !== null) {
    yield* scanUpdated(db, filter, { numbers: updated, range });
    return;
  }
  const scans = scansOf(db, filter);
  let [scan] = scans;
  let rest = range;
  for (let slice = 1; ; slice += 1) {
    const { numbers, end } = await scan.read(rest);
    yield scan.isExact ? numbers : await keepMatching(db, filter, numbers);
    if (end === null) return;
    const beyond = range.backwards ? { before: end } : { after: end };
    rest = { ...rest, ...beyond, limit: Math.min(rest.limit * growth, jobsPerSlice) };
    await setImmediate();
    // After 1, 2, 4, 8 ... slices: what was rare among the newest may not be so among the others, and samples must not cost more than slices.
    if (Number.isInteger(Math.log2(slice))) scan = await bestScan(scans, rest);
  }
}

/** The scan that gets furthest in the same time: the one that leads past the fewest that do not match. */
async function bestScan(scans: readonly [IndexScan, ...IndexScan[]], range: Range<number>): Promise<IndexScan> {
  let [best] = scans;
  if (scans.length === 1) return best;
  let furthest = range.backwards ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const scan of scans) {
    const { end } = await scan.read({ ...range, limit: jobsPerSample });
    if (end === null) return scan;
    if (range.backwards ? end > furthest : end < furthest) [best, furthest] = [scan, end];
    await setImmediate();
  }
  return best;
}

/** Ids are looked up and then put into order here: a database that has to choose between the ids and the order may walk through all jobs. */
async function* scanIds(
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

/** More jobs than so many that changed since a time are not one in a hundred of a million: then the other ways lead there as well. */
const mostUpdated = 10_000;

/** Numbers of the jobs that have changed since the time that a filter asks for; null where it asks for none, or for that of too many. */
async function readUpdated(db: Kysely<Tables>, { updatedAfter }: JobFilter): Promise<readonly number[] | null> {
  if (updatedAfter === undefined) return null;
  const rows = await db
    .selectFrom('job_updated')
    .select('number')
    .where('updated_at', '>=', updatedAfter.getTime())
    .limit(mostUpdated + 1)
    .execute();
  return rows.length > mostUpdated ? null : rows.map(({ number }) => number);
}

/** There is no index of the numbers of what changed since a time, so they are put into order here. */
async function* scanUpdated(
  db: Kysely<Tables>,
  filter: JobFilter,
  { numbers, range }: { readonly numbers: readonly number[]; readonly range: Range<number> },
): AsyncGenerator<readonly number[], void, undefined> {
  const within = numbers.filter((number) => number < range.after && number > range.before);
  for (const piece of inPieces(within.toSorted((a, b) => (range.backwards ? a - b : b - a)))) {
    yield await keepMatching(db, filter, piece);
    await setImmediate();
  }
}

/** Those of the jobs with these numbers that match a filter, whose time they are known to fit, in the order of the numbers. */
export async function keepMatching(
  db: Kysely<Tables>,
  filter: JobFilter,
  numbers: readonly number[],
): Promise<readonly number[]> {
  if (numbers.length === 0) return numbers;
  const rows = await selectDescribed(db, filter).where('job.number', 'in', numbers).execute();
  const matching = new Set(numbersOf(rows, filter));
  return numbers.filter((number) => matching.has(number));
}

/** Numbers of those of the jobs with these ids that match a filter, apart from its time, in no order. */
async function keepNamed(db: Kysely<Tables>, filter: JobFilter, ids: readonly string[]): Promise<readonly number[]> {
  const rows = await selectDescribed(db, filter).where('job.id', 'in', ids).execute();
  return numbersOf(rows, filter);
}

/** As little of a job as the filter looks at: to read all of it would take three times as long. */
function selectDescribed(db: Kysely<Tables>, { tag, titleContains, mediaNameContains }: JobFilter) {
  return db
    .selectFrom('job')
    .select(['job.number', 'job.status', 'job.api_key_id as owner', 'job.updated_at', 'job.language_code'])
    .$if(tag !== undefined, (jobs) => jobs.select('job.tags'))
    .$if(titleContains !== undefined, (jobs) => jobs.select('job.title'))
    .$if(mediaNameContains !== undefined, (jobs) =>
      jobs.innerJoin('media', 'media.id', 'job.media_id').select('media.name'),
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof selectDescribed>['execute']>>[number];

/** What was not read is not looked at. */
function numbersOf(rows: readonly Row[], filter: JobFilter): readonly number[] {
  return rows
    .filter(({ tags, title = null, name = '', updated_at, language_code, ...row }) =>
      isDescribed(
        {
          ...row,
          tags: tags === undefined ? [] : parseTexts(tags),
          title,
          media: { name },
          updatedAt: new Date(updated_at),
          language: language_code === null ? null : { code: language_code },
        },
        filter,
      ),
    )
    .map(({ number }) => number);
}
