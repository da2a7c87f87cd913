import type { Kysely } from 'kysely';
import type { SearchQuery } from '../../../search/query.ts';
import type { JobFilter } from '../../job-filter.ts';
import { listJobs } from '../job-list.ts';
import type { Tables } from '../tables.ts';
import { overlap, reachOf, type Reach } from './entry-number.ts';
import type { Match, MatchRequest } from './match-entries.ts';
import type { Searcher } from './searcher.ts';

/** Jobs that are few enough to be searched one after the other; where a filter matches more, most matches are of such a job. */
const fewJobs = 200;

/** What is searched, and for what. */
export interface Search extends Pick<MatchRequest, 'expression' | 'query'> {
  readonly db: Kysely<Tables>;
  readonly searcher: Searcher;
  readonly query: SearchQuery;
  readonly filter: JobFilter;
}

/** Finds the newest entries of a reach that match, at most `limit`. */
export type Finder = (reach: Reach, limit: number) => Promise<readonly Match[]>;

/** A finder in the jobs of a filter. */
export async function openFinder(search: Search): Promise<Finder> {
  const { db, filter } = search;
  if (Object.keys(filter).length === 0) return (reach, limit) => findVisible(search, reach, limit);
  const few = await listJobs(db, filter, { limit: fewJobs + 1 });
  if (few.length > fewJobs) return (reach, limit) => findVisible(search, reach, limit);
  const ids = few.map(({ item }) => item.id);
  const reaches = await reachesOf(db, ids);
  return (reach, limit) => {
    const parts = reaches.flatMap((each) => overlap(each, reach) ?? []);
    return search.searcher.match({ expression: search.expression, query: search.query, reaches: parts, limit });
  };
}

/** Walks through all entries, and leaves out those of jobs that do not match the filter or are gone. */
async function findVisible(search: Search, reach: Reach, limit: number): Promise<readonly Match[]> {
  const { db, searcher, expression, query, filter } = search;
  const found: Match[] = [];
  let { newest } = reach;
  for (;;) {
    const matches = await searcher.match({ expression, query, reaches: [{ ...reach, newest }], limit });
    const visible = await visibleOf(db, filter, new Set(matches.map(({ jobId }) => jobId)));
    found.push(...matches.filter(({ jobId }) => visible.has(jobId)));
    const last = matches.at(-1);
    if (found.length >= limit || last === undefined || matches.length < limit) return found.slice(0, limit);
    newest = last.entry - 1;
  }
}

/** Those of some jobs that match the filter. */
async function visibleOf(
  db: Kysely<Tables>,
  filter: JobFilter,
  some: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const ids = filter.ids === undefined ? [...some] : filter.ids.filter((id) => some.has(id));
  const jobs = await listJobs(db, { ...filter, ids }, { limit: ids.length });
  return new Set(jobs.map(({ item }) => item.id));
}

/** Where the entries of jobs are, the newest job first. */
async function reachesOf(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly Reach[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('search_job').select('number').where('job_id', 'in', ids).execute();
  return rows.map(({ number }) => reachOf(number)).toSorted((a, b) => b.newest - a.newest);
}
