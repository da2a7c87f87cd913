import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Segment } from '../../transcript.ts';
import type { Keyed, Page } from '../page.ts';
import type { Reading } from '../port.ts';
import type { Connection } from './connection.ts';
import { countJobs, listJobs } from './job-list.ts';
import { inListOrder, parseNumberKey, toRange } from './keyset.ts';
import { readPace } from './pace.ts';
import { queueCounts } from './queue.ts';
import { readPosition } from './queue-position.ts';
import { toAttempt, toEvent, toJob, toSegment } from './rows.ts';
import { readJob, selectJob } from './select-job.ts';
import type { Tables } from './tables.ts';

/** What clients look at. */
export function reading({ db }: Connection): Reading {
  return {
    job: (id) => readJob(db, id),
    async jobsById(ids) {
      if (ids.length === 0) return [];
      const rows = await selectJob(db)
        .where('job.id', 'in', [...new Set(ids)])
        .execute();
      const jobs = new Map(rows.map((row) => [row.id, toJob(row)]));
      return ids.map((id) => jobs.get(id) ?? null);
    },
    jobs: (filter, page) => listJobs(db, filter, page),
    countJobs: (filter) => countJobs(db, filter),
    queuePosition: (id) => readPosition(db, id),
    queueCounts: () => queueCounts(db),
    storedMedia: (page) => listStoredMedia(db, page),
    pace: () => readPace(db),
    segments: (jobId, page) => listSegments(db, jobId, page),
    async attempts(jobId) {
      const rows = await db.selectFrom('attempt').selectAll().where('job_id', '=', jobId).orderBy('number').execute();
      return rows.map(toAttempt);
    },
    async events(jobId, afterSeq, limit) {
      const rows = await db
        .selectFrom('event')
        .selectAll()
        .where('job_id', '=', jobId)
        .where(isKnown(jobId))
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map(toEvent);
    },
  };
}

/** A deleted job has nothing at once, though it goes slice by slice: half of its events would be a gap. */
function isKnown(jobId: string) {
  return (eb: ExpressionBuilder<Tables, 'event' | 'segment'>) =>
    eb.exists(eb.selectFrom('job').select('job.id').where('job.id', '=', jobId));
}

async function listSegments(db: Kysely<Tables>, jobId: string, page: Page): Promise<readonly Keyed<Segment>[]> {
  const range = toRange(page, { start: -1, end: Number.MAX_SAFE_INTEGER, parse: parseNumberKey });
  const rows = await db
    .selectFrom('segment')
    .selectAll()
    .where('job_id', '=', jobId)
    .where(isKnown(jobId))
    .where('index', '>', range.after)
    .where('index', '<', range.before)
    .orderBy('index', range.backwards ? 'desc' : 'asc')
    .limit(range.limit)
    .execute();
  const segments = rows.map((row) => ({ key: String(row.index), item: toSegment(row) }));
  return inListOrder(segments, range);
}

async function listStoredMedia(db: Kysely<Tables>, page: Page): Promise<readonly Keyed<string>[]> {
  const range = toRange(page, { start: '', end: '\u{10FFFF}', parse: (key) => key });
  const rows = await db
    .selectFrom('media')
    .select(['id', 'path'])
    .where('stored', '=', 1)
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
