import type { Kysely } from 'kysely';
import type { Keyed, Page } from '../../page.ts';
import type { Reading } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { inListOrder, toRange } from '../database/keyset.ts';
import { toAttempt, toEvent } from '../database/rows.ts';
import { isKnown, readJob } from '../database/select-job.ts';
import type { Tables } from '../database/tables.ts';
import { readPace } from '../jobs/pace.ts';
import { queueCounts } from '../jobs/queue.ts';
import { countJobs, listJobs } from './job-list.ts';
import { segmentsOf } from './job-pages.ts';

/** What clients look at. */
export function reading({ db }: Connection): Reading {
  return {
    job: (id) => readJob(db, id),
    jobs: (filter, page) => listJobs(db, filter, page),
    countJobs: (filter) => countJobs(db, filter),
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
