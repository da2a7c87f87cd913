import type { Transaction } from 'kysely';
import { RequestError } from '../../../errors.ts';
import type { Page } from '../../page.ts';
import type { Tables } from './tables.ts';

/** The open range that a page is cut from, in the order of the list, and the end that it is cut at. */
export interface Range<K> {
  readonly after: K;
  readonly before: K;
  /** Whether it is read from its end. */
  readonly backwards: boolean;
  readonly limit: number;
}

/** Reads a page's keys; where there is none, the range ends at `start` or `end`, so that one query text serves all. */
export function toRange<K>(page: Page, ends: { readonly start: K; readonly end: K; parse(key: string): K }): Range<K> {
  return {
    after: page.after === undefined ? ends.start : ends.parse(page.after),
    before: page.before === undefined ? ends.end : ends.parse(page.before),
    backwards: page.last === true,
    limit: page.limit,
  };
}

/** Items read from the end of their range come back in the order of their list. */
export function inListOrder<T>(items: readonly T[], range: Range<unknown>): readonly T[] {
  return range.backwards ? items.toReversed() : items;
}

/** A key that is a whole number. */
export function parseNumberKey(key: string): number {
  if (!/^\d{1,16}$/.test(key) || !Number.isSafeInteger(Number(key))) throw wrongKey();
  return Number(key);
}

/** What a key that no list has given is answered with. */
export function wrongKey(): RequestError {
  return new RequestError(
    'BAD_USER_INPUT',
    'The cursor is not one of this list.',
    'Take a cursor from an edge of the same list.',
  );
}

/** So many jobs can be numbered within a millisecond. The numbers of the next 200 years are safe integers. */
const numbersPerMs = 1024;

/** The first number of a millisecond; times that no job can have are moved to the ends. */
export function firstNumberOf(time: number): number {
  return Math.min(Math.max(time, 0) * numbersPerMs, Number.MAX_SAFE_INTEGER);
}

/** The number of a job that is created at `time`: it comes after those of its millisecond, where the clock was set back to it. */
export async function nextNumber(tx: Transaction<Tables>, time: number): Promise<number> {
  const { last } = await tx
    .selectFrom('job')
    .select((eb) => eb.fn.max('number').as('last'))
    .where('number', '>=', firstNumberOf(time))
    .where('number', '<', firstNumberOf(time + 1))
    .executeTakeFirstOrThrow();
  return last === null ? firstNumberOf(time) : last + 1;
}
