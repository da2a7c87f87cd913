import { setImmediate } from 'node:timers/promises';
import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { foldForPart } from '../../../jobs/job-filter.ts';
import {
  type LogEntry,
  type LogFilter,
  type LogLevel,
  logLevels,
  type LogLimits,
  type LogSlice,
  type LogStore,
  type NewLogEntry,
} from '../../logs.ts';
import type { Keyed, Page } from '../../page.ts';
import { commit, type Connection, inPieces } from '../database/connection.ts';
import { lastNumber } from '../database/dialect.ts';
import { cleanText, parseObject, toJson } from '../database/json.ts';
import { inListOrder, parseNumberKey, type Range, toRange, wrongKey } from '../database/keyset.ts';
import { toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** What a line takes beside its texts: its numbers, and its places in the indexes. */
const bytesPerLine = 100;

/** The log lines. */
export function logStore(connection: Connection): LogStore {
  const { db } = connection;
  return {
    addLogs: (entries) =>
      commit(connection, async (tx) => {
        // Who follows the log passes no line that is still to be written.
        await connection.reserve(tx, 'log');
        await addLogs(tx, entries);
      }),
    logs: (filter, page) => listLogs(db, filter, page),
    async logCursor(after) {
      // Not of the lines themselves: the newest may have gone with its job.
      const newest = await lastNumber(db, 'log');
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

type NewLogRow = Omit<Insertable<Tables['log']>, 'total_bytes'>;

function toRow(entry: NewLogEntry): NewLogRow {
  return {
    time: entry.time.getTime(),
    level: levelRanks[entry.level],
    event: cleanText(entry.event),
    message: cleanText(entry.message),
    job_id: entry.jobId,
    fields: entry.fields === null ? null : toJson(entry.fields),
  };
}

function bytesOf({ event, message, fields }: NewLogRow): number {
  return bytesPerLine + Buffer.byteLength(event) + Buffer.byteLength(message) + Buffer.byteLength(fields ?? '');
}

const linesPerTrim = 200; // with their places in four indexes: milliseconds

/** Removes a slice of the lines that are too many, else of those that are too old. */
function trimLogs(connection: Connection, { from, maxBytes }: LogLimits): Promise<number> {
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
  const oldest = await lines.orderBy('id').limit(linesPerTrim).execute();
  return oldest.filter((line) => newest.total_bytes - line.total_bytes >= maxBytes).map(({ id }) => id);
}

async function tooOld(tx: Transaction<Tables>, from: Date): Promise<readonly number[]> {
  const lines = tx.selectFrom('log').select('id').where('time', '<', from.getTime());
  return (await lines.orderBy('time').orderBy('id').limit(linesPerTrim).execute()).map(({ id }) => id);
}

/** The column's numbers: "this one and above" is a comparison. */
const levelRanks = { DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40 } as const satisfies Record<LogLevel, number>;
const levelNames: ReadonlyMap<number, LogLevel> = new Map(logLevels.map((level) => [levelRanks[level], level]));

const linesPerSlice = 1_000; // milliseconds

type LogRow = Selectable<Tables['log']>;

/** A page of lines, oldest first. What no index finds is looked for in slices, between which everybody else has a turn. */
async function listLogs(db: Kysely<Tables>, filter: LogFilter, page: Page): Promise<readonly Keyed<LogEntry>[]> {
  const range = toRange(page, { start: 0, end: Number.MAX_SAFE_INTEGER, parse: parseNumberKey });
  const bySpan = filter.jobId === undefined && isSpan(filter);
  const found: LogRow[] = [];
  let slice = { ...range, limit: isIndexed(filter, bySpan) ? range.limit : linesPerSlice };
  for (;;) {
    const lines = await (bySpan ? readSpan(db, filter, slice) : readNumbers(db, filter, slice));
    found.push(...(await keepOwn(db, filter, lines.filter(wanted(filter)))));
    const last = lines.at(-1);
    if (found.length >= range.limit || last === undefined || lines.length < slice.limit) break;
    slice = { ...slice, ...(range.backwards ? { before: last.id } : { after: last.id }) };
    await setImmediate();
  }
  const items = found.slice(0, range.limit).map((line) => ({ key: String(line.id), item: toEntry(line) }));
  return inListOrder(items, range);
}

/** What was written after a line, as far as one slice shows. */
async function readSince(
  db: Kysely<Tables>,
  filter: LogFilter,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<LogSlice> {
  const slice = isIndexed(filter, false) ? limit : linesPerSlice;
  const range = { after, before: Number.MAX_SAFE_INTEGER, backwards: false, limit: slice };
  const lines = await readNumbers(db, filter, range);
  const found = (await keepOwn(db, filter, lines.filter(wanted(filter)))).slice(0, limit);
  const last = found.length === limit ? found.at(-1) : lines.at(-1);
  const more = lines.length === slice || last !== lines.at(-1);
  return { entries: found.map(toEntry), upTo: String(last?.id ?? after), more };
}

/** Whether an index finds the lines of a filter and no others. */
function isIndexed(filter: LogFilter, bySpan: boolean): boolean {
  if (filter.contains !== undefined || filter.owner !== undefined || (isSpan(filter) && !bySpan)) return false;
  return filter.level === undefined || filter.level === 'DEBUG' || (bySpan && filter.level !== 'INFO');
}

function isSpan({ from, until }: LogFilter): boolean {
  return from !== undefined || until !== undefined;
}

/** Lines as they were written, which no change of the clock disturbs. */
function readNumbers(db: Kysely<Tables>, { jobId }: LogFilter, range: Range<number>): Promise<readonly LogRow[]> {
  const lines = db.selectFrom('log').selectAll().where('id', '>', range.after).where('id', '<', range.before);
  const ordered = lines.orderBy('id', range.backwards ? 'desc' : 'asc').limit(range.limit);
  return (jobId === undefined ? ordered : ordered.where('job_id', '=', jobId)).execute();
}

/** Lines by their time, since nothing else finds a span of it quickly among millions. */
async function readSpan(db: Kysely<Tables>, filter: LogFilter, range: Range<number>): Promise<readonly LogRow[]> {
  const direction = range.backwards ? 'desc' : 'asc';
  const [after, before] = await cutByTime(db, filter, range);
  const lines = db
    .selectFrom('log')
    .selectAll()
    .where((eb) => eb(eb.refTuple('time', 'id'), '>', eb.tuple(after.time, after.id)))
    .where((eb) => eb(eb.refTuple('time', 'id'), '<', eb.tuple(before.time, before.id)))
    .orderBy('time', direction)
    .orderBy('id', direction)
    .limit(range.limit);
  const { level } = filter;
  if (level !== 'WARN' && level !== 'ERROR') return lines.execute();
  // Written out, since a value that is bound cannot choose the index of the few.
  return lines.where((eb) => eb('level', '>=', eb.lit(levelRanks[level]))).execute();
}

interface LogCursor {
  readonly time: number;
  readonly id: number;
}

/** The ends of a span cut to a range. One place at each end, since of two SQLite would look up one and read all lines up to the other. */
async function cutByTime(
  db: Kysely<Tables>,
  { from, until }: LogFilter,
  range: Range<number>,
): Promise<readonly [LogCursor, LogCursor]> {
  const [after, before] = [await timeOf(db, range.after), await timeOf(db, range.before)];
  const [start, end] = [from?.getTime() ?? Number.MIN_SAFE_INTEGER, until?.getTime() ?? Number.MAX_SAFE_INTEGER];
  return [
    after < start ? { time: start, id: 0 } : { time: after, id: range.after },
    before < end ? { time: before, id: range.before } : { time: end, id: 0 },
  ];
}

/** When the line with this number was written, or the one before it where it is gone; the ends of the list are outside of time. */
async function timeOf(db: Kysely<Tables>, id: number): Promise<number> {
  if (id === Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  const line = await db
    .selectFrom('log')
    .select('time')
    .where('id', '<=', id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return line?.time ?? Number.MIN_SAFE_INTEGER;
}

/** Finds the lines that a filter lets through, whether or not an index has chosen them. */
function wanted({ from, until, level, contains }: LogFilter): (line: LogRow) => boolean {
  const text = contains === undefined ? '' : foldForPart(cleanText(contains));
  const [start, end] = [from?.getTime() ?? -Infinity, until?.getTime() ?? Infinity];
  const least = level === undefined ? 0 : levelRanks[level];
  return ({ time, level: rank, message }) =>
    rank >= least && time >= start && time < end && (text === '' || foldForPart(message).includes(text));
}

/** Those of some lines that are about jobs of the caller whom the filter names. */
async function keepOwn(db: Kysely<Tables>, { owner }: LogFilter, lines: readonly LogRow[]): Promise<readonly LogRow[]> {
  if (owner === undefined) return lines;
  const own = new Set<string>();
  for (const piece of inPieces([...new Set(lines.flatMap((line) => line.job_id ?? []))])) {
    const jobs = db.selectFrom('job').select('id').where('id', 'in', piece).where('api_key_id', '=', owner);
    for (const { id } of await jobs.execute()) own.add(id);
  }
  return lines.filter((line) => line.job_id !== null && own.has(line.job_id));
}

/** The entry of a row. */
export function toEntry(row: LogRow): LogEntry {
  return {
    id: String(row.id),
    time: toDate(row.time),
    level: levelNames.get(row.level) ?? 'ERROR',
    event: row.event,
    message: row.message,
    jobId: row.job_id,
    fields: parseObject(row.fields),
  };
}
