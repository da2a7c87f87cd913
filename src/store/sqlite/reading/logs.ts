import type { Insertable, Transaction } from 'kysely';
import type { Journal, NewLogEntry } from '../../logs.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, toJson } from '../database/json.ts';
import { parseNumberKey, wrongKey } from '../database/keyset.ts';
import { inPieces } from '../database/pieces.ts';
import type { Tables } from '../database/tables.ts';
import { levelRanks, listLogs, readSince } from './log-lines.ts';
import { trimLogs } from './log-trim.ts';

/** What a line takes beside its texts: its numbers, and its places in the indexes. */
const bytesPerLine = 100;

/** The log lines. */
export function journal(connection: Connection): Journal {
  const { db } = connection;
  return {
    addLogs: (entries) => commit(connection, (tx) => addLogs(tx, entries)),
    logs: (filter, page) => listLogs(db, filter, page),
    async logPlace(after) {
      // Not of the lines themselves: the newest may have gone with its job.
      const last = await db.selectFrom('sqlite_sequence').select('seq').where('name', '=', 'log').executeTakeFirst();
      const newest = last?.seq ?? 0;
      if (after !== undefined && parseNumberKey(after) > newest) throw wrongKey();
      return after ?? String(newest);
    },
    logsSince: (filter, place, limit) => readSince(db, filter, { after: parseNumberKey(place), limit }),
    trimLogs: (limits) => trimLogs(connection, limits),
  };
}

async function addLogs(tx: Transaction<Tables>, entries: readonly NewLogEntry[]): Promise<void> {
  const newest = await tx.selectFrom('log').select('total_bytes').orderBy('id', 'desc').limit(1).executeTakeFirst();
  let total = newest?.total_bytes ?? 0;
  const rows = entries.map(toRow).map((row) => ({ ...row, total_bytes: (total += bytesOf(row)) }));
  for (const piece of inPieces(rows)) await tx.insertInto('log').values(piece).execute();
}

type Row = Omit<Insertable<Tables['log']>, 'total_bytes'>;

function toRow(entry: NewLogEntry): Row {
  return {
    time: entry.time.getTime(),
    level: levelRanks[entry.level],
    event: cleanText(entry.event),
    message: cleanText(entry.message),
    job_id: entry.jobId,
    fields: entry.fields === null ? null : toJson(entry.fields),
  };
}

function bytesOf({ event, message, fields }: Row): number {
  return bytesPerLine + Buffer.byteLength(event) + Buffer.byteLength(message) + Buffer.byteLength(fields ?? '');
}
