import type { Kysely } from 'kysely';
import { arrivals, type Connection, openTurns, queueRanks } from '../sql/database/connection.ts';
import type { Tables } from '../sql/database/tables.ts';

/** What is simple where one process alone writes, one transaction after the other: its own clock counts, and nobody else is to be waited for. */
export function oneProcess(
  db: Kysely<Tables>,
  now: () => number,
  lastRank: number,
): Omit<Connection, 'db' | 'notifier'> {
  const arrival = arrivals(now);
  const queueRank = queueRanks(lastRank);
  return {
    now: async () => now(),
    openSince: async () => Number.POSITIVE_INFINITY,
    arrival: async () => arrival(),
    queueRank: async (_, time) => queueRank(time),
    node: null,
    inTurn: openTurns(),
    transact: (act) => db.transaction().execute(act),
    reserve: async () => undefined,
  };
}
