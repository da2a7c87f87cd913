import type { Transaction } from 'kysely';
import type { Tables } from '../database/tables.ts';

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
