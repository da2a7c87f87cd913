import type { Transaction } from 'kysely';
import type { LogLimits } from '../../logs.ts';
import { commit, type Connection } from '../database/connection.ts';
import type { Tables } from '../database/tables.ts';

const linesPerSlice = 200; // with their places in four indexes: milliseconds

/** Removes a slice of the lines that are too many, else of those that are too old. */
export function trimLogs(connection: Connection, { from, maxBytes }: LogLimits): Promise<number> {
  return commit(connection, async (tx) => {
    const many = await tooMany(tx, maxBytes);
    const ids = many.length > 0 ? many : await tooOld(tx, from);
    if (ids.length > 0) await tx.deleteFrom('log').where('id', 'in', ids).execute();
    return ids.length;
  });
}

async function tooMany(tx: Transaction<Tables>, maxBytes: number): Promise<readonly number[]> {
  const lines = tx.selectFrom('log').select(['id', 'total_bytes']);
  const newest = await lines.orderBy('id', 'desc').limit(1).executeTakeFirst();
  if (newest === undefined) return [];
  const oldest = await lines.orderBy('id').limit(linesPerSlice).execute();
  return oldest.filter((line) => newest.total_bytes - line.total_bytes >= maxBytes).map(({ id }) => id);
}

async function tooOld(tx: Transaction<Tables>, from: Date): Promise<readonly number[]> {
  const lines = tx.selectFrom('log').select('id').where('time', '<', from.getTime());
  return (await lines.orderBy('time').orderBy('id').limit(linesPerSlice).execute()).map(({ id }) => id);
}
