import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { StoredSegment } from '../../../jobs/transcript.ts';
import type { SearchQuery } from '../../../transcripts/search/query.ts';
import type { Keyed } from '../../page.ts';
import { type FoundSegment, type JobBatchReader, searchBlock, type SegmentSearch } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { indexIn, readTranscript } from '../database/revision.ts';
import { countClears, selectSegments, toStoredSegment } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { clean, keepMatching, listNumbers, toJobRange } from '../reading/job-list.ts';
import { type EntryRange, indexOlder, overlap, rangeOf } from './entries.ts';
import {
  firstCursor,
  formatCursor,
  isAfter,
  type Match,
  type MatchRequest,
  parseCursor,
  type SearchCursor,
  type Searcher,
  stages,
} from './matches.ts';

/** What is looked for, and which part of what is found. */
interface SearchRequest {
  readonly query: SearchQuery;
  readonly filter: JobFilter;
  readonly limit: number;
  /** Null = from the first on. */
  readonly after: SearchCursor | null;
}

/** A segment that was found. */
interface Hit {
  readonly jobId: string;
  readonly segment: StoredSegment;
}

/** Where to look. */
interface Source {
  readonly db: Kysely<Tables>;
  readonly searcher: Searcher;
}

/** A page of the segments that match, in the order that the port tells. */
async function findSegments(
  { db, searcher }: Source,
  { query, filter, limit, after }: SearchRequest,
): Promise<readonly Keyed<Hit>[]> {
  const found: Ranked[] = [];
  let from = after ?? firstCursor;
  for (const stage of stages.slice(stages.indexOf(from.stage))) {
    const expression = searcher.expressionOf(query, stage);
    if (expression === null || found.length === limit) continue;
    const find = await openFinder({ db, searcher, expression, query, filter });
    found.push(...(await rankStage(find, { ...from, stage }, limit - found.length)));
    from = firstCursor;
  }
  return readSegments(db, found);
}

interface Ranked {
  readonly match: Match;
  readonly place: SearchCursor;
}

/** The matches of one stage after a place, at most `limit`: block after block, each ranked for itself. */
async function rankStage(find: Finder, from: SearchCursor, limit: number): Promise<readonly Ranked[]> {
  const ranked: Ranked[] = [];
  for (let within = from; ;) {
    const isNew = within.oldest === firstCursor.oldest;
    // What was added to a block since its first page was read makes it larger.
    const size = isNew ? searchBlock : 2 * searchBlock;
    const matches = await find(within, size);
    const [first, last] = [matches.at(0), matches.at(-1)];
    const newest = isNew ? (first?.entry ?? within.newest) : within.newest;
    const oldest = last !== undefined && (isNew || matches.length === size) ? last.entry : within.oldest;
    ranked.push(...rankBlock(matches, { ...within, newest, oldest }));
    if (ranked.length >= limit) return ranked.slice(0, limit);
    if (isNew && matches.length < size) return ranked;
    within = { ...firstCursor, stage: from.stage, newest: oldest - 1 };
  }
}

/** The matches of a block that come after a place in it, the best first. */
function rankBlock(matches: readonly Match[], after: SearchCursor): readonly Ranked[] {
  return matches
    .map((match) => ({ match, place: { ...after, score: match.score, entry: match.entry } }))
    .filter(({ place }) => isAfter(place, after))
    .toSorted((a, b) => (isAfter(a.place, b.place) ? 1 : -1));
}

/** The whole segments, in the order in which they are ranked; one that is gone since is left out. */
async function readSegments(db: Kysely<Tables>, ranked: readonly Ranked[]): Promise<readonly Keyed<Hit>[]> {
  const segments = new Map<string, StoredSegment>();
  for (const [jobId, matches] of Map.groupBy(ranked, ({ match }) => match.jobId)) {
    const { first } = await readTranscript(db, jobId);
    const indices = matches.map(({ match }) => first + match.index);
    const ofJob = selectSegments(db).select(countClears(jobId)).where('segment.job_id', '=', jobId);
    for (const row of await ofJob.where('segment.index', 'in', indices).execute())
      segments.set(`${jobId} ${indexIn(row.index)}`, toStoredSegment(row));
  }
  return ranked.flatMap(({ match: { jobId, index }, place }) => {
    const segment = segments.get(`${jobId} ${index}`);
    return segment === undefined ? [] : [{ key: formatCursor(place), item: { jobId, segment } }];
  });
}

/** Jobs that are few enough to be searched one after the other; where a filter matches more, most matches are of such a job. */
const fewJobs = 200;

/** What is searched, and for what. */
interface FindScope extends Pick<MatchRequest, 'expression' | 'query'> {
  readonly db: Kysely<Tables>;
  readonly searcher: Searcher;
  readonly filter: JobFilter;
}

/** Finds the newest entries of a range that match, at most `limit`. */
type Finder = (range: EntryRange, limit: number) => Promise<readonly Match[]>;

/** A finder in the jobs of a filter. */
async function openFinder(scope: FindScope): Promise<Finder> {
  const { db, filter, searcher, expression, query } = scope;
  const findIn = (ranges: readonly EntryRange[], limit: number) => searcher.match({ expression, query, ranges, limit });
  if (Object.keys(filter).length === 0) return (range, limit) => findIn([range], limit);
  const few = await listNumbers(db, filter, fewJobs + 1);
  if (few.length > fewJobs) return (range, limit) => findAmongMany(scope, range, limit);
  const ranges = await rangesOf(db, few);
  return (range, limit) =>
    findIn(
      ranges.flatMap((each) => overlap(each, range) ?? []),
      limit,
    );
}

/** Walks through all entries, and leaves out those of jobs that do not match. */
async function findAmongMany(scope: FindScope, range: EntryRange, limit: number): Promise<readonly Match[]> {
  const { db, searcher, expression, query, filter } = scope;
  const found: Match[] = [];
  let { newest } = range;
  for (;;) {
    const matches = await searcher.match({ expression, query, ranges: [{ ...range, newest }], limit });
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
async function rangesOf(db: Kysely<Tables>, jobs: readonly number[]): Promise<readonly EntryRange[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('job')
    .innerJoin('search_job', 'search_job.job_id', 'job.id')
    .select('search_job.number')
    .where('job.number', 'in', jobs)
    .execute();
  return rows.map(({ number }) => rangeOf(number)).toSorted((a, b) => b.newest - a.newest);
}

/** What looks into the index, and what reads the jobs of what is found. */
interface SearchParts {
  readonly searcher: Searcher;
  readonly jobsById: JobBatchReader['jobsById'];
}

/** Finds segments by their words. */
export function search(connection: Connection, { searcher, jobsById }: SearchParts): SegmentSearch {
  const { db } = connection;
  return {
    async search(query, filter, { limit, after }) {
      const place = after === undefined ? null : parseCursor(after);
      const found = await findSegments({ db, searcher }, { query, filter, limit, after: place });
      const jobs = await jobsById(found.map(({ item }) => item.jobId));
      return found.flatMap(({ key, item }, at): readonly Keyed<FoundSegment>[] => {
        const job = jobs[at];
        // None: deleted meanwhile.
        return job ? [{ key, item: { job, segment: item.segment } }] : [];
      });
    },
    indexOlder: () => indexOlder(connection),
  };
}
