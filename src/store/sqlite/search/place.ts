import { wrongKey } from '../database/keyset.ts';
import { type Stage, stages } from './expression.ts';

/** Where a match stands: in which stage, in which block of entries (its newest and its oldest), and with which score there. */
export interface Place {
  readonly stage: Stage;
  readonly newest: number;
  readonly oldest: number;
  readonly score: number;
  readonly entry: number;
}

const endOfEntries = Number.MAX_SAFE_INTEGER;

/** Before the first match. */
export const start: Place = {
  stage: 'WHOLE',
  newest: endOfEntries,
  oldest: -endOfEntries,
  score: Number.POSITIVE_INFINITY,
  entry: endOfEntries,
};

/** A place as a key. */
export function formatPlace({ stage, newest, oldest, score, entry }: Place): string {
  return [stage, newest, oldest, score, entry].join('.');
}

/** The place of a key. Throws BAD_USER_INPUT where no list can have given it. */
export function parsePlace(key: string): Place {
  const [, name, ...numbers] = /^([A-Z]{4,5})\.(-?\d{1,15})\.(-?\d{1,15})\.(\d{1,6})\.(-?\d{1,15})$/.exec(key) ?? [];
  const stage = stages.find((each) => each === name);
  const [newest, oldest, score, entry] = numbers.map(Number);
  if (stage === undefined || newest === undefined || oldest === undefined || score === undefined || entry === undefined)
    throw wrongKey();
  return { stage, newest, oldest, score, entry };
}

/** Whether a match comes after a place of the same block: the best first, the newest of those that are as good. */
export function isAfter(match: Pick<Place, 'score' | 'entry'>, place: Place): boolean {
  return match.score < place.score || (match.score === place.score && match.entry < place.entry);
}
