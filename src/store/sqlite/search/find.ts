import type { Kysely } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { Segment } from '../../../jobs/transcript.ts';
import type { SearchQuery } from '../../../transcripts/search/query.ts';
import type { Keyed } from '../../page.ts';
import { searchBlock } from '../../search.ts';
import { toSegment } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { expressionOf, stages } from './expression.ts';
import type { Match } from './match-entries.ts';
import { type Finder, openFinder } from './newest.ts';
import { formatPlace, isAfter, type Place, start } from './place.ts';
import type { Searcher } from './searcher.ts';

/** What is looked for, and which part of what is found. */
export interface SearchRequest {
  readonly query: SearchQuery;
  readonly filter: JobFilter;
  readonly limit: number;
  /** Null = from the first on. */
  readonly after: Place | null;
}

/** A segment that was found. */
interface FoundSegment {
  readonly jobId: string;
  readonly segment: Segment;
}

/** Where to look. */
interface Source {
  readonly db: Kysely<Tables>;
  readonly searcher: Searcher;
}

/** A page of the segments that match, in the order that the port tells. */
export async function findSegments(
  { db, searcher }: Source,
  { query, filter, limit, after }: SearchRequest,
): Promise<readonly Keyed<FoundSegment>[]> {
  const found: Ranked[] = [];
  let from = after ?? start;
  for (const stage of stages.slice(stages.indexOf(from.stage))) {
    const expression = expressionOf(query, stage);
    if (expression === null || found.length === limit) continue;
    const find = await openFinder({ db, searcher, expression, query, filter });
    found.push(...(await rankStage(find, { ...from, stage }, limit - found.length)));
    from = start;
  }
  return readSegments(db, found);
}

interface Ranked {
  readonly match: Match;
  readonly place: Place;
}

/** The matches of one stage after a place, at most `limit`: block after block, each ranked for itself. */
async function rankStage(find: Finder, from: Place, limit: number): Promise<readonly Ranked[]> {
  const ranked: Ranked[] = [];
  for (let within = from; ;) {
    const isNew = within.oldest === start.oldest;
    // What was added to a block since its first page was read makes it larger.
    const size = isNew ? searchBlock : 2 * searchBlock;
    const matches = await find(within, size);
    const [first, last] = [matches.at(0), matches.at(-1)];
    const newest = isNew ? (first?.entry ?? within.newest) : within.newest;
    const oldest = last !== undefined && (isNew || matches.length === size) ? last.entry : within.oldest;
    ranked.push(...rankBlock(matches, { ...within, newest, oldest }));
    if (ranked.length >= limit) return ranked.slice(0, limit);
    if (isNew && matches.length < size) return ranked;
    within = { ...start, stage: from.stage, newest: oldest - 1 };
  }
}

/** The matches of a block that come after a place in it, the best first. */
function rankBlock(matches: readonly Match[], after: Place): readonly Ranked[] {
  return matches
    .map((match) => ({ match, place: { ...after, score: match.score, entry: match.entry } }))
    .filter(({ place }) => isAfter(place, after))
    .toSorted((a, b) => (isAfter(a.place, b.place) ? 1 : -1));
}

/** The whole segments, in the order in which they are ranked; one that is gone since is left out. */
async function readSegments(db: Kysely<Tables>, ranked: readonly Ranked[]): Promise<readonly Keyed<FoundSegment>[]> {
  const segments = new Map<string, Segment>();
  for (const [jobId, matches] of Map.groupBy(ranked, ({ match }) => match.jobId)) {
    const indices = matches.map(({ match }) => match.index);
    const ofJob = db.selectFrom('segment').selectAll().where('job_id', '=', jobId);
    for (const row of await ofJob.where('index', 'in', indices).execute())
      segments.set(`${jobId} ${row.index}`, toSegment(row));
  }
  return ranked.flatMap(({ match: { jobId, index }, place }) => {
    const segment = segments.get(`${jobId} ${index}`);
    return segment === undefined ? [] : [{ key: formatPlace(place), item: { jobId, segment } }];
  });
}
