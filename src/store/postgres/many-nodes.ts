import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { type Connection, type InTurn, openTurns } from '../sql/database/connection.ts';
import type { Tables } from '../sql/database/tables.ts';
import { applicationName, type PostgresAddress } from './address.ts';
import { DatabaseAwayError } from '../../errors.ts';
import { isAway, isConflict } from './errors.ts';
import { lastArrival } from '../sql/jobs/queue.ts';
import { openPool, patienceMs } from './dialect.ts';

/** What has to hold where several nodes share a database: its clock counts, and what must not happen twice at a time is reserved in it. */
export function manyNodes(
  db: Kysely<Tables>,
  inTurn: InTurn,
  { node, clock }: { readonly node: string; readonly clock?: (() => number) | undefined },
): Omit<Connection, 'db' | 'notifier'> {
  const now = async (reader: Kysely<Tables>) => (clock === undefined ? readClock(reader) : clock());
  return {
    now,
    openSince: () => readOpenSince(db),
    arrival: now,
    async queueRank(tx, time) {
      const last = await lastArrival(tx);
      return Math.max(time, last + 1);
    },
    node,
    inTurn,
    transact: (act) => transact(db, act),
    async reserve(tx, name) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
    },
  };
}

/** The time of this moment, not that at which a transaction began that has waited since. */
async function readClock(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ readonly time: number }>`
    select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as time`.execute(db);
  return rows[0]?.time ?? 0;
}

/** Of nodes alone: a backup is open for hours. */
async function readOpenSince(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ readonly time: number | null }>`
    select floor(extract(epoch from min(xact_start)) * 1000)::bigint as time from pg_stat_activity
      where datname = current_database() and application_name = ${applicationName} and pid <> pg_backend_pid()`.execute(
    db,
  );
  return rows[0]?.time ?? Number.POSITIVE_INFINITY;
}

const firstPauseMs = 10;

/** Runs a transaction, and again where nothing of it was kept: another was in its way, or the connection was lost. */
async function transact<T>(db: Kysely<Tables>, act: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    try {
      return await db.transaction().execute(act);
    } catch (error) {
      const isUndone = isConflict(error) || (error instanceof DatabaseAwayError && error.isUndone);
      if (!isUndone || performance.now() > deadline) throw error;
    }
    await sleep(pauseMs * Math.random());
  }
}

/** Transcripts that are corrected at a time by this node; others wait. */
const mostTurns = 8;
/** Longer than any correction takes. */
const longestTurnMs = 600_000;

/** Lets acts on the same job take turns, whichever node they are of. The turn is a lock of the session: it ends with the node. */
export function openSharedTurns(address: PostgresAddress): { readonly inTurn: InTurn } & AsyncDisposable {
  const ownTurn = openTurns();
  const pool = openPool(address, { max: mostTurns, query_timeout: longestTurnMs });
  const connect = () =>
    pool.connect().catch((error: unknown) => {
      throw isAway(error) ? new DatabaseAwayError(error) : error;
    });
  return {
    inTurn: (jobId, act) =>
      ownTurn(jobId, async () => {
        const client = await connect();
        const name = `turn of ${jobId}`;
        try {
          await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]).catch((error: unknown) => {
            throw isAway(error) ? new DatabaseAwayError(error) : error;
          });
          return await act();
        } finally {
          // Where it cannot be given back, it ends with the connection.
          const isFree = await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]).then(
            () => true,
            () => false,
          );
          client.release(!isFree);
        }
      }),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
