import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import { type Job, jobStatuses } from '../../../jobs/job.ts';
import type { Keyed, Page } from '../../page.ts';
import { cleanText } from '../database/json.ts';
import { inListOrder, parseNumberKey, type Range, toRange } from '../database/keyset.ts';
import { toJob } from '../database/rows.ts';
import { selectJob } from '../database/select-job.ts';
import type { Tables } from '../database/tables.ts';
import { firstNumberOf } from '../jobs/job-number.ts';
import { jobsPerSlice, walkJobs } from './walk-jobs.ts';

/** A page of jobs, newest first. */
export async function listJobs(db: Kysely<Tables>, filter: JobFilter, page: Page): Promise<readonly Keyed<Job>[]> {
  const range = toJobRange(filter, page);
  if (matchesNothing(filter)) return [];
  const jobs: Keyed<Job>[] = [];
  for await (const numbers of walkJobs(db, clean(filter), range)) {
    jobs.push(...(await readJobs(db, numbers.slice(0, range.limit - jobs.length), range)));
    if (jobs.length === range.limit) break;
  }
  return inListOrder(jobs, range);
}

/** Numbers of the newest jobs that match a filter, at most `limit`. */
export async function listNumbers(db: Kysely<Tables>, filter: JobFilter, limit: number): Promise<readonly number[]> {
  if (matchesNothing(filter)) return [];
  const found: number[] = [];
  for await (const numbers of walkJobs(db, clean(filter), toJobRange(filter, { limit }))) {
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
  for await (const numbers of walkJobs(db, clean(filter), range)) count += numbers.length;
  return count;
}

async function readCounts(db: Kysely<Tables>, statuses: NonNullable<JobFilter['status']>): Promise<number> {
  const rows = await db.selectFrom('job_count').select('jobs').where('status', 'in', statuses).execute();
  return rows.reduce((sum, { jobs }) => sum + jobs, 0);
}

function matchesNothing(filter: JobFilter): boolean {
  return filter.status?.length === 0 || filter.ids?.length === 0;
}

/** Text as it is kept, or nothing would be found by what cannot be. */
export function clean({ tag, titleContains, mediaNameContains, ...rest }: JobFilter): JobFilter {
  return {
    ...rest,
    ...(tag === undefined ? {} : { tag: cleanText(tag) }),
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
