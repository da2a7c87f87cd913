import type { ReadingMany } from '../../store.ts';
import type { Connection } from '../database/connection.ts';
import { toAttempt, toJob } from '../database/rows.ts';
import { selectJob } from '../database/select-job.ts';
import { readPositions } from '../jobs/queue-position.ts';
import { logsOf, segmentsOf } from './job-pages.ts';

/** What clients look at of many jobs at once. */
export function readingMany({ db }: Connection): ReadingMany {
  return {
    async jobsById(ids) {
      if (ids.length === 0) return [];
      const rows = await selectJob(db)
        .where('job.id', 'in', [...new Set(ids)])
        .execute();
      const jobs = new Map(rows.map((row) => [row.id, toJob(row)]));
      return ids.map((id) => jobs.get(id) ?? null);
    },
    queuePositions: (ids) => readPositions(db, ids),
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
