import type { SearchQuery, Term } from '../../../transcripts/search/query.ts';
import { wrongKey } from '../database/keyset.ts';
import { entryOfBeginning, partMark } from './entries.ts';

/** Which matches: those that have every word as such, or the others. */
export const stages = ['WHOLE', 'PART'] as const;
export type Stage = (typeof stages)[number];

/** A query as FTS5 reads it; null where it can match nothing. Every form stands in quotes and has letters and digits alone. */
export function expressionOf({ wanted, unwanted }: SearchQuery, stage: Stage): string | null {
  if (wanted.length === 0) return null;
  const whole = wanted.map(phrase).join(' AND ');
  if (stage === 'WHOLE') return without(whole, unwanted.map(phrase));
  if (!wanted.some(({ canBePart }) => canBePart)) return null;
  return without(wanted.map(phraseOrPart).join(' AND '), [...unwanted.map(phrase), `(${whole})`]);
}

function phrase({ forms, isPrefix }: Term): string {
  const whole = `"${forms.join(' ')}"`;
  if (!isPrefix) return whole;
  const beginning = forms.length === 1 ? entryOfBeginning(forms.join('')) : null;
  return beginning === null ? `${whole} *` : `"${beginning}"`;
}

function phraseOrPart(term: Term): string {
  return term.canBePart ? `(${phrase(term)} OR "${partMark}${term.forms.join('')}" *)` : phrase(term);
}

function without(wanted: string, unwanted: readonly string[]): string {
  return unwanted.length === 0 ? wanted : `(${wanted}) NOT (${unwanted.join(' OR ')})`;
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
