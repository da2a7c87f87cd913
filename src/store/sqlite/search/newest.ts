import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { Tables } from '../database/tables.ts';
import { keepMatching } from '../reading/candidates.ts';
import { clean, listNumbers, toJobRange } from '../reading/job-list.ts';
import { overlap, type Reach, reachOf } from './entry-number.ts';
import type { Match, MatchRequest } from './match-entries.ts';
import type { Searcher } from './searcher.ts';

/** Jobs that are few enough to be searched one after the other; where a filter matches more, most matches are of such a job. */
const fewJobs = 200;

/** What is searched, and for what. */
interface Search extends Pick<MatchRequest, 'expression' | 'query'> {
  readonly db: Kysely<Tables>;
  readonly searcher: Searcher;
  readonly filter: JobFilter;
}

/** Finds the newest entries of a reach that match, at most `limit`. */
export type Finder = (reach: Reach, limit: number) => Promise<readonly Match[]>;

/** A finder in the jobs of a filter. */
export async function openFinder(search: Search): Promise<Finder> {
  const { db, filter, searcher, expression, query } = search;
  const findIn = (reaches: readonly Reach[], limit: number) => searcher.match({ expression, query, reaches, limit });
  if (Object.keys(filter).length === 0) return (reach, limit) => findIn([reach], limit);
  const few = await listNumbers(db, filter, fewJobs + 1);
  if (few.length > fewJobs) return (reach, limit) => findAmongMany(search, reach, limit);
  const reaches = await reachesOf(db, few);
  return (reach, limit) =>
    findIn(
      reaches.flatMap((each) => overlap(each, reach) ?? []),
      limit,
    );
}

/** Walks through all entries, and leaves out those of jobs that do not match. */
async function findAmongMany(search: Search, reach: Reach, limit: number): Promise<readonly Match[]> {
  const { db, searcher, expression, query, filter } = search;
  const found: Match[] = [];
  let { newest } = reach;
  for (;;) {
    const matches = await searcher.match({ expression, query, reaches: [{ ...reach, newest }], limit });
    const ids = await keepJobs(db, filter, new Set(matches.map(({ jobId }) => jobId)));
    found.push(...matches.filter(({ jobId }) => ids.has(jobId)));
    const last = matches.at(-1);
    if (found.length >= limit || last === undefined || matches.length < limit) return found.slice(0, limit);
    newest = last.entry - 1;
  }
}

/** Those of some jobs that match a filter. */
async function keepJobs(
  db: Kysely<Tables>,
  filter: JobFilter,
  some: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const ids = filter.ids?.filter((id) => some.has(id)) ?? [...some];
  if (ids.length === 0) return new Set();
  const { after, before } = toJobRange(filter, { limit: ids.length });
  const jobs = await db
    .selectFrom('job')
    .select(['id', 'number'])
    .where('id', 'in', ids)
    .where('number', '<', after)
    .where('number', '>', before)
    .execute();
  const numbers = jobs.map(({ number }) => number);
  const matching = new Set(await keepMatching(db, clean(filter), numbers));
  return new Set(jobs.filter(({ number }) => matching.has(number)).map(({ id }) => id));
}

/** Where the entries of the jobs with these numbers are, the newest job first. */
async function reachesOf(db: Kysely<Tables>, jobs: readonly number[]): Promise<readonly Reach[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('job')
    .innerJoin('search_job', 'search_job.job_id', 'job.id')
    .select('search_job.number')
    .where('job.number', 'in', jobs)
    .execute();
  return rows.map(({ number }) => reachOf(number)).toSorted((a, b) => b.newest - a.newest);
}
