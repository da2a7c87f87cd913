import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { StoredSegment } from '../../../jobs/transcript.ts';
import type { LogEntry } from '../../logs.ts';
import type { JobPage, Keyed, Page } from '../../page.ts';
import type { JobBatchReader, JobReader } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { whole } from '../database/dialect.ts';
import { parsePeaks } from '../database/json.ts';
import { firstNumberOf, inListOrder, parseNumberKey, toRange } from '../database/keyset.ts';
import {
  countClears,
  isKnown,
  readJob,
  selectJob,
  selectSegments,
  toAttempt,
  toEvent,
  toJob,
  toStoredSegment,
} from '../database/rows.ts';
import { indexIn, segmentsPerRevision, standingFirst } from '../database/revision.ts';
import type { Tables } from '../database/tables.ts';
import { readSpeakers } from '../editing/speakers.ts';
import { readPositions } from '../jobs/positions.ts';
import { queueCounts, readPace } from '../jobs/queue.ts';
import { countJobs, listJobs } from './job-list.ts';
import { listUpdated } from './job-updates.ts';
import { toEntry } from './logs.ts';

/** What clients look at. */
export function jobReader({ db }: Connection): JobReader {
  return {
    job: (id) => readJob(db, id),
    jobs: (filter, page, order) => (order === 'UPDATED' ? listUpdated : listJobs)(db, filter, page),
    countJobs: (filter) => countJobs(db, filter),
    secondsSince: (callerId, time) => secondsSince(db, callerId, time),
    queueCounts: () => queueCounts(db),
    keptMedia: (page) => listKeptMedia(db, page),
    pace: () => readPace(db),
    async segments(jobId, page) {
      const [segments = []] = await segmentsOf(db, [{ jobId, page }]);
      return segments;
    },
    async attempts(jobId) {
      const rows = await db.selectFrom('attempt').selectAll().where('job_id', '=', jobId).orderBy('number').execute();
      return rows.map(toAttempt);
    },
    events: (...asked) => readEvents(db, ...asked),
  };
}

/** 512 KiB of events are read at once: who are told of a whole transcript would hold everybody else up. */
const eventCharactersAtOnce = 524_288;

async function readEvents(
  db: Kysely<Tables>,
  ...[jobId, afterSeq, limit]: Parameters<JobReader['events']>
): ReturnType<JobReader['events']> {
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .select(countClears(jobId, 'before event'))
    .where('job_id', '=', jobId)
    .where('seq', '>', afterSeq)
    // A deleted job has nothing at once, though it goes slice by slice; and what is written before it came to be is no event yet.
    .where('seq', '<=', (eb) => eb.selectFrom('job').select('event_seq').where('job.id', '=', jobId))
    .orderBy('seq')
    .limit(limit)
    .execute();
  let characters = 0;
  const some = rows.filter(({ data }, at) => (characters += data.length) <= eventCharactersAtOnce || at === 0);
  return some.map(toEvent);
}

async function secondsSince(db: Kysely<Tables>, callerId: string | null, time: Date): Promise<number> {
  const { seconds } = await db
    .selectFrom('job')
    .innerJoin('media', 'media.id', 'job.media_id')
    .select((eb) => eb.fn.sum<number | null>('media.duration_seconds').as('seconds'))
    .where('job.api_key_id', callerId === null ? 'is' : '=', callerId)
    .where('job.number', '>=', firstNumberOf(time.getTime()))
    .executeTakeFirstOrThrow();
  const deleted = await db
    .selectFrom('deleted')
    .select((eb) => eb.fn.sum<number | null>('seconds').as('seconds'))
    .where('owner', callerId === null ? 'is' : '=', callerId)
    .where('created_at', '>=', time.getTime())
    .executeTakeFirstOrThrow();
  return (seconds ?? 0) + (deleted.seconds ?? 0);
}

async function listKeptMedia(db: Kysely<Tables>, page: Page): Promise<readonly Keyed<string>[]> {
  const range = toRange(page, { start: '', end: '\u{10FFFF}', parse: (key) => key });
  const rows = await db
    .selectFrom('media')
    .select(['id', 'path'])
    .where('root', 'is', null)
    .where('id', '>', range.after)
    .where('id', '<', range.before)
    .orderBy('id', range.backwards ? 'desc' : 'asc')
    .limit(range.limit)
    .execute();
  return inListOrder(
    rows.map(({ id, path }) => ({ key: id, item: path })),
    range,
  );
}

/** What clients look at of many jobs at once. */
export function jobBatchReader({ db }: Connection): JobBatchReader {
  return {
    async jobsById(ids) {
      if (ids.length === 0) return [];
      const rows = await selectJob(db)
        .where('job.id', 'in', [...new Set(ids)])
        .execute();
      const jobs = new Map(rows.map((row) => [row.id, toJob(row)]));
      return ids.map((id) => jobs.get(id) ?? null);
    },
    queuePositions: (...args) => readPositions(db, ...args),
    async peaksOf(jobIds) {
      const rows = await db
        .selectFrom('job')
        .innerJoin('media', 'media.id', 'job.media_id')
        .select(['job.id', 'media.peaks'])
        .where('job.id', 'in', [...new Set(jobIds)])
        .execute();
      const peaks = new Map(rows.map((row) => [row.id, parsePeaks(row.peaks)]));
      return jobIds.map((id) => peaks.get(id) ?? null);
    },
    speakersOf: (jobIds) => readSpeakers(db, jobIds),
    async attemptsOf(jobIds) {
      const rows = await db
        .selectFrom('attempt')
        .selectAll()
        .where('job_id', 'in', [...new Set(jobIds)])
        .orderBy('job_id')
        .orderBy('number')
        .execute();
      const byJob = Map.groupBy(rows, (row) => row.job_id);
      return jobIds.map((id) => (byJob.get(id) ?? []).map(toAttempt));
    },
    segmentsOf: (pages) => segmentsOf(db, pages),
    logsOf: (pages) => logsOf(db, pages),
  };
}

/** Rows of one statement: 20 ms for segments with words. A page is never split. */
const rowsPerStatement = 1000;
/** SQLite joins up to 500 queries. */
const pagesPerStatement = 100;

/** Pages of the segments of many jobs. */
function segmentsOf(db: Kysely<Tables>, pages: readonly JobPage[]): Promise<Pages<StoredSegment>> {
  return readPages(pages, async (some) => {
    const rows = await some
      .map((page, at) => db.selectFrom(pageOfSegments(db, page, at).as('page')).selectAll())
      .reduce((all, one) => all.unionAll(one))
      .execute();
    return rows.map((row) => ({ at: row.at, number: indexIn(row.index), item: toStoredSegment(row) }));
  });
}

/** Pages of the log lines about many jobs. */
function logsOf(db: Kysely<Tables>, pages: readonly JobPage[]): Promise<Pages<LogEntry>> {
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
  const first = standingFirst(jobId);
  return (
    selectSegments(db)
      .select([whole(at).as('at'), countClears(jobId)])
      .where('segment.job_id', '=', jobId)
      .where(isKnown(jobId))
      .where('segment.index', '>', sql<number>`${first} + ${whole(range.after)}`)
      // What is being prepared lies beyond.
      .where('segment.index', '<', sql<number>`${first} + ${whole(Math.min(range.before, segmentsPerRevision))}`)
      .orderBy('segment.index', range.backwards ? 'desc' : 'asc')
      .limit(range.limit)
  );
}

function pageOfLines(db: Kysely<Tables>, { jobId, page }: JobPage, at: number) {
  const range = toNumberRange(page);
  return db
    .selectFrom('log')
    .selectAll()
    .select(whole(at).as('at'))
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
    found.push(...some.map((_, at) => byNumber(byPage.get(at) ?? [])));
  }
  return found;
}

function byNumber<T>(items: readonly Numbered<T>[]): readonly Keyed<T>[] {
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
