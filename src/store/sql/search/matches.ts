import type { SearchQuery } from '../../../transcripts/search/query.ts';
import { wrongKey } from '../database/keyset.ts';
import type { EntryRange } from './entries.ts';

/** Which matches: those that have every word as such, or the others. */
export const stages = ['WHOLE', 'PART'] as const;
export type Stage = (typeof stages)[number];

/** What is looked for in the index, and where: in one range after the other. */
export interface MatchRequest {
  readonly expression: string;
  readonly query: SearchQuery;
  readonly ranges: readonly EntryRange[];
  readonly limit: number;
}

/** An entry that matches, with the segment it stands for and how well that fits. */
export interface Match {
  readonly entry: number;
  readonly jobId: string;
  readonly index: number;
  readonly score: number;
}

/** Looks things up in the index of a database. */
export interface Searcher extends AsyncDisposable {
  /** A query as `match` takes it; null where it can match nothing. */
  expressionOf(query: SearchQuery, stage: Stage): string | null;
  /** Throws SERVICE_UNAVAILABLE where it, or those before it, take too long. */
  match(request: MatchRequest): Promise<readonly Match[]>;
}

/** Where a match stands: in which stage, in which block of entries (its newest and its oldest), and with which score there. */
export interface SearchCursor {
  readonly stage: Stage;
  readonly newest: number;
  readonly oldest: number;
  readonly score: number;
  readonly entry: number;
}

const endOfEntries = Number.MAX_SAFE_INTEGER;

/** Before the first match. */
export const firstCursor: SearchCursor = {
  stage: 'WHOLE',
  newest: endOfEntries,
  oldest: -endOfEntries,
  score: Number.POSITIVE_INFINITY,
  entry: endOfEntries,
};

/** A place as a key. */
export function formatCursor({ stage, newest, oldest, score, entry }: SearchCursor): string {
  return [stage, newest, oldest, score, entry].join('.');
}

/** The place of a key. Throws BAD_USER_INPUT where no list can have given it. */
export function parseCursor(key: string): SearchCursor {
  const [, name, ...numbers] = /^([A-Z]{4,5})\.(-?\d{1,15})\.(-?\d{1,15})\.(\d{1,6})\.(-?\d{1,15})$/.exec(key) ?? [];
  const stage = stages.find((each) => each === name);
  const [newest, oldest, score, entry] = numbers.map(Number);
  if (stage === undefined || newest === undefined || oldest === undefined || score === undefined || entry === undefined)
    throw wrongKey();
  return { stage, newest, oldest, score, entry };
}

/** Whether a match comes after a place of the same block: the best first, the newest of those that are as good. */
export function isAfter(match: Pick<SearchCursor, 'score' | 'entry'>, place: SearchCursor): boolean {
  return match.score < place.score || (match.score === place.score && match.entry < place.entry);
}
