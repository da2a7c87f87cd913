import type { ReadingMany } from '../port.ts';
import type { Connection } from './connection.ts';
import { logsOf, segmentsOf } from './job-pages.ts';
import { readPositions } from './queue-position.ts';
import { toAttempt, toJob } from './rows.ts';
import { selectJob } from './select-job.ts';

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
