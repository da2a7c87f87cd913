import type { Kysely, Transaction } from 'kysely';
import { isStorageFull, StorageFullError } from '../../../errors.ts';
import type { Notifier } from '../../notifier.ts';
import type { Tables } from './tables.ts';

/** What every part of the store works with. */
export interface Connection {
  readonly db: Kysely<Tables>;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Milliseconds since 1970 by the clock that all who share the database go by: the machine's, or the database's where machines share it. */
  readonly now: (db: Kysely<Tables>) => Promise<number>;
  /** Since when the oldest transaction is open, which may yet bring a change of an earlier time than one that is to be seen; Infinity where none can. */
  readonly openSince: () => Promise<number>;
  /** Like `now`, but what arrives within one millisecond keeps its order. */
  readonly arrival: (tx: Transaction<Tables>) => Promise<number>;
  /** A new rank at the end of the queue for what arrives at `time`; behind every earlier one, also where the clock was set back. */
  readonly queueRank: (tx: Transaction<Tables>, time: number) => Promise<number>;
  /** Who this is among those that share the database; null where it is shared with nobody. */
  readonly node: string | null;
  /** Runs one transaction, and once more where the database has taken it back for another's sake. */
  readonly transact: <T>(act: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;
  /** Waits until no other transaction has what `name` stands for, and has it until the end of this one. */
  readonly reserve: (tx: Transaction<Tables>, name: string) => Promise<void>;
  /** Runs what corrects the transcript of a job, and takes several transactions, one after the other for each job. */
  readonly inTurn: InTurn;
}

export type InTurn = <T>(jobId: string, act: () => Promise<T>) => Promise<T>;

/** Acts in turn on what was found of a job before: who is refused because of that is told at once, and those who are not keep the order in which they came. */
export async function actOnFound<Found, T>(
  { inTurn }: Connection,
  { jobId, found }: { readonly jobId: string; readonly found: Promise<Found> },
  act: (found: Found) => Promise<T>,
): Promise<T> {
  const acted = inTurn(jobId, async () => await act(await found));
  acted.catch(() => undefined); // Who is refused at once does not hear of it again.
  await found;
  return await acted;
}

/** Lets acts on the same job take turns. */
export function openTurns(): InTurn {
  const last = new Map<string, Promise<void>>();
  return async (jobId, act) => {
    const before = last.get(jobId);
    const { promise: own, resolve: end } = Promise.withResolvers<void>();
    last.set(jobId, own);
    try {
      await before;
      return await act();
    } finally {
      end();
      if (last.get(jobId) === own) last.delete(jobId);
    }
  };
}

/** Remembers a job that a transaction changes, and whether with it the queue. */
export type Notify = (jobId: string, more?: 'queue') => void;

/** One transaction. */
export type Act<T> = (tx: Transaction<Tables>, notify: Notify) => Promise<T>;

/**
 * Runs `act` in one transaction and notifies of each changed job after the commit. Throws StorageFullError when the disk takes no writes.
 *
 * Nothing but the database may be awaited in it, since everybody else waits meanwhile; and one statement after the other, since a full disk
 * ends the transaction at once, and what ran beside the statement that failed would be written without it.
 */
export async function commit<T>(connection: Connection, act: Act<T>): Promise<T> {
  let changed = new Set<string>();
  let queued = new Set<string>();
  const result = await connection
    .transact((tx) => {
      [changed, queued] = [new Set(), new Set()];
      return act(tx, (jobId, more) => {
        changed.add(jobId);
        if (more === 'queue') queued.add(jobId);
      });
    })
    .catch((error: unknown) => {
      throw isStorageFull(error)
        ? new StorageFullError('The disk of the server takes no writes.', { cause: error })
        : error;
    });
  for (const jobId of changed) connection.notifier.notify('job', jobId);
  for (const jobId of queued) connection.notifier.notify('queue', jobId);
  return result;
}

const longestPushMs = 1_000; // more than this, and the clock was set back: follow it

/** Gives ranks after `last` in an order, each by its time, but never before an earlier one: an order that no set clock changes. */
export function queueRanks(last: number): (time: number) => number {
  let rank = last;
  return (time) => (rank = Math.max(time, rank + 1));
}

/** Makes a clock whose readings differ, so that what arrives within one millisecond keeps its order. */
export function arrivals(now: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    last = time <= last && last - time < longestPushMs ? last + 1 : time;
    return last;
  };
}

/** Proves that the database takes a write, by writing. */
export async function probe(connection: Connection): Promise<void> {
  await commit(connection, async (tx) => {
    const time = await connection.now(tx);
    await tx
      .insertInto('probe')
      .values({ id: 1, time })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ time }))
      .execute();
  });
}

const rowsPerStatement = 500; // of up to 11 columns: SQLite takes 32,766 values in a statement

/** Rows in pieces that one insert takes. */
export function inPieces<T>(rows: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / rowsPerStatement) }, (_, piece) =>
    rows.slice(piece * rowsPerStatement, (piece + 1) * rowsPerStatement),
  );
}
