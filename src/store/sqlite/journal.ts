import { setImmediate } from 'node:timers/promises';
import type { Insertable, Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { logLevels, type Journal, type LogEntry, type LogFilter, type LogLevel, type NewLogEntry } from '../journal.ts';
import type { Keyed, Page } from '../page.ts';
import { commit, type Connection } from './connection.ts';
import { cleanText, parseObject, toJson } from './json.ts';
import { inPieces } from './pieces.ts';
import { inListOrder, parseNumberKey, toRange, type Range } from './keyset.ts';
import { toDate } from './rows.ts';
import type { Tables } from './tables.ts';

const levelRanks = { DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40 } as const satisfies Record<LogLevel, number>;
const levelNames: ReadonlyMap<number, LogLevel> = new Map(logLevels.map((level) => [levelRanks[level], level]));

const linesPerSlice = 2_000; // a few milliseconds

/** The log lines. */
export function journal(connection: Connection): Journal {
  return {
    addLogs: (entries) =>
      commit(connection, async (tx) => {
        for (const rows of inPieces(entries.map(toRow))) await tx.insertInto('log').values(rows).execute();
      }),
    logs: (filter, page) => listLogs(connection.db, filter, page),
  };
}

/** A page of lines, oldest first. What lines say is looked for in slices, between which everybody else has a turn. */
async function listLogs(db: Kysely<Tables>, filter: LogFilter, page: Page): Promise<readonly Keyed<LogEntry>[]> {
  const range = toRange(page, { start: 0, end: Number.MAX_SAFE_INTEGER, parse: parseNumberKey });
  const wanted = filter.contains === undefined ? null : cleanText(filter.contains).toLowerCase();
  const found: Line[] = [];
  let slice = wanted === null ? range : { ...range, limit: linesPerSlice };
  for (;;) {
    const lines = await readLines(db, filter, slice);
    found.push(...lines.filter(({ message }) => wanted === null || message.toLowerCase().includes(wanted)));
    const last = lines.at(-1);
    if (found.length >= range.limit || last === undefined || lines.length < slice.limit) break;
    slice = { ...slice, ...(range.backwards ? { before: last.id } : { after: last.id }) };
    await setImmediate();
  }
  const items = found.slice(0, range.limit).map((line) => ({ key: String(line.id), item: toEntry(line) }));
  return inListOrder(items, range);
}

type Line = Selectable<Tables['log']>;
type Lines = SelectQueryBuilder<Tables, 'log', Line>;

/**
 * Lines as they were written, which no change of the clock disturbs; or by their time where only a span of time is wanted, since nothing
 * else finds it quickly among millions.
 */
async function readLines(db: Kysely<Tables>, filter: LogFilter, range: Range<number>): Promise<readonly Line[]> {
  const direction = range.backwards ? 'desc' : 'asc';
  const bySpan = filter.jobId === undefined && (filter.from !== undefined || filter.until !== undefined);
  const lines = matching(db, filter).limit(range.limit);
  const ordered = bySpan
    ? (await cutByTime(db, lines, range)).orderBy('time', direction)
    : lines.where('id', '>', range.after).where('id', '<', range.before);
  return ordered.orderBy('id', direction).execute();
}

function matching(db: Kysely<Tables>, filter: LogFilter): Lines {
  let lines = db.selectFrom('log').selectAll();
  if (filter.from !== undefined) lines = lines.where('time', '>=', filter.from.getTime());
  if (filter.until !== undefined) lines = lines.where('time', '<', filter.until.getTime());
  if (filter.jobId !== undefined) lines = lines.where('job_id', '=', filter.jobId);
  const { level } = filter;
  // Written out, since a value that is bound cannot choose the index of the few.
  if (level !== undefined) lines = lines.where((eb) => eb('level', '>=', eb.lit(levelRanks[level])));
  return lines;
}

async function cutByTime(db: Kysely<Tables>, lines: Lines, range: Range<number>): Promise<Lines> {
  const [after, before] = [await timeOf(db, range.after), await timeOf(db, range.before)];
  return lines
    .where((eb) => eb(eb.refTuple('time', 'id'), '>', eb.tuple(after, range.after)))
    .where((eb) => eb(eb.refTuple('time', 'id'), '<', eb.tuple(before, range.before)));
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

function toRow(entry: NewLogEntry): Insertable<Tables['log']> {
  return {
    time: entry.time.getTime(),
    level: levelRanks[entry.level],
    event: cleanText(entry.event),
    message: cleanText(entry.message),
    job_id: entry.jobId,
    fields: entry.fields === null ? null : toJson(entry.fields),
  };
}

/** The entry of a row. */
export function toEntry(row: Selectable<Tables['log']>): LogEntry {
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
