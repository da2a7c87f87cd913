import type { SelectQueryBuilder } from 'kysely';
import type { Range } from '../database/keyset.ts';

/** A way through the list of jobs that leaves out none that matches. */
export interface Walk {
  /** Whether all that it leads to match. */
  readonly isExact: boolean;
  /** The start of a range, in the order in which it is read; `limit` bounds what is looked at. */
  readonly read: (range: Range<number>) => Promise<Slice>;
}

/** Numbers of jobs up to `end`, beyond which the range goes on; null = it does not. */
export interface Slice {
  readonly numbers: readonly number[];
  readonly end: number | null;
}

/** What an index leads to within a range. */
export async function sliceOf<DB, T extends keyof DB>(
  walk: SelectQueryBuilder<DB, T, { number: number }>,
  { limit }: Range<number>,
): Promise<Slice> {
  const numbers = (await walk.execute()).map(({ number }) => number);
  return { numbers, end: numbers.length < limit ? null : (numbers.at(-1) ?? null) };
}
