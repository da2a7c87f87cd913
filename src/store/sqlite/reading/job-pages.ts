import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Segment } from '../../../jobs/transcript.ts';
import type { LogEntry } from '../../logs.ts';
import type { JobPage, Keyed } from '../../page.ts';
import { parseNumberKey, toRange } from '../database/keyset.ts';
import { toSegment } from '../database/rows.ts';
import { isKnown } from '../database/select-job.ts';
import type { Tables } from '../database/tables.ts';
import { toEntry } from './log-lines.ts';

/** Rows of one statement: 20 ms for segments with words. A page is never split. */
const rowsPerStatement = 1000;
/** SQLite joins up to 500 queries. */
const pagesPerStatement = 100;

/** Pages of the segments of many jobs. */
export function segmentsOf(db: Kysely<Tables>, pages: readonly JobPage[]): Promise<Pages<Segment>> {
  return readPages(pages, async (some) => {
    const rows = await some
      .map((page, at) => db.selectFrom(pageOfSegments(db, page, at).as('page')).selectAll())
      .reduce((all, one) => all.unionAll(one))
      .execute();
    return rows.map((row) => ({ at: row.at, number: row.index, item: toSegment(row) }));
  });
}

/** Pages of the log lines about many jobs. */
export function logsOf(db: Kysely<Tables>, pages: readonly JobPage[]): Promise<Pages<LogEntry>> {
  return readPages(pages, async (some) => {
    const rows = await some
      .map((page, at) => db.selectFrom(pageOfLines(db, page, at).as('page')).selectAll())
      .reduce((all, one) => all.unionAll(one))
      .execute();
    return rows.map((row) => ({ at: row.at, number: row.id, item: toEntry(row) }));
  });
}

function pageOfSegments(db: Kysely<Tables>, { jobId, page }: JobPage, at: number) {
  const range = toNumberRange(page);
  return db
    .selectFrom('segment')
    .selectAll()
    .select((eb) => eb.val(at).as('at'))
    .where('job_id', '=', jobId)
    .where(isKnown(jobId))
    .where('index', '>', range.after)
    .where('index', '<', range.before)
    .orderBy('index', range.backwards ? 'desc' : 'asc')
    .limit(range.limit);
}

function pageOfLines(db: Kysely<Tables>, { jobId, page }: JobPage, at: number) {
  const range = toNumberRange(page);
  return db
    .selectFrom('log')
    .selectAll()
    .select((eb) => eb.val(at).as('at'))
    .where('job_id', '=', jobId)
    .where('id', '>', range.after)
    .where('id', '<', range.before)
    .orderBy('id', range.backwards ? 'desc' : 'asc')
    .limit(range.limit);
}

function toNumberRange(page: JobPage['page']) {
  return toRange(page, { start: -1, end: Number.MAX_SAFE_INTEGER, parse: parseNumberKey });
}

type Pages<T> = readonly (readonly Keyed<T>[])[];

/** An item with its number in its list, on the page `at` of those that a statement reads. */
interface Numbered<T> {
  readonly at: number;
  readonly number: number;
  readonly item: T;
}

/** Reads pages, as many with one statement as hold everybody else up for no longer than a page of the largest. */
async function readPages<T>(
  pages: readonly JobPage[],
  read: (pages: readonly JobPage[]) => Promise<readonly Numbered<T>[]>,
): Promise<Pages<T>> {
  const found: (readonly Keyed<T>[])[] = [];
  for (const some of inStatements(pages)) {
    if (found.length > 0) await setImmediate();
    const byPage = Map.groupBy(await read(some), ({ at }) => at);
    found.push(...some.map((_, at) => inListOrder(byPage.get(at) ?? [])));
  }
  return found;
}

function inListOrder<T>(items: readonly Numbered<T>[]): readonly Keyed<T>[] {
  return items.toSorted((a, b) => a.number - b.number).map(({ number, item }) => ({ key: String(number), item }));
}

function inStatements(pages: readonly JobPage[]): readonly (readonly JobPage[])[] {
  const statements: JobPage[][] = [];
  let rows = 0;
  for (const each of pages) {
    const last = statements.at(-1);
    rows += each.page.limit;
    if (last === undefined || rows > rowsPerStatement || last.length === pagesPerStatement) {
      statements.push([each]);
      rows = each.page.limit;
    } else {
      last.push(each);
    }
  }
  return statements;
}
