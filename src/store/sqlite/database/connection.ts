import type { Kysely, Transaction } from 'kysely';
import { isStorageFull, StorageFullError } from '../../../errors.ts';
import type { Bell } from '../../notifier.ts';
import type { Tables } from './tables.ts';

/** What every part of the SQLite store works with. */
export interface Connection {
  readonly db: Kysely<Tables>;
  readonly bell: Bell;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Like `now`, but what arrives within one millisecond keeps its order. */
  readonly arrival: () => number;
  /** A new place at the end of the queue for what arrives at `time`; behind every earlier place, also where the clock was set back. */
  readonly place: (time: number) => number;
}

/** One transaction; `ring` notes a job that it changes. */
export type Act<T> = (tx: Transaction<Tables>, ring: (jobId: string) => void) => Promise<T>;

/**
 * Runs `act` in one transaction and rings the bell for each changed job after the commit. Throws StorageFullError when the disk takes no writes.
 *
 * Nothing but the database may be awaited in it, since everybody else waits meanwhile; and one statement after the other, since a full disk
 * ends the transaction at once, and what ran beside the statement that failed would be written without it.
 */
export async function commit<T>(connection: Connection, act: Act<T>): Promise<T> {
  const changed = new Set<string>();
  const result = await connection.db
    .transaction()
    .execute((tx) =>
      act(tx, (jobId) => {
        changed.add(jobId);
      }),
    )
    .catch((error: unknown) => {
      throw isStorageFull(error)
        ? new StorageFullError('The disk of the server takes no writes.', { cause: error })
        : error;
    });
  for (const jobId of changed) connection.bell.ring(jobId);
  return result;
}
