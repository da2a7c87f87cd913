import type { ExpressionBuilder, Kysely, SelectQueryBuilder } from 'kysely';
import type { Job } from '../../../jobs/job.ts';
import { type JobRow, toJob } from './rows.ts';
import type { Tables } from './tables.ts';

const jobColumns = [
  'job.id',
  'job.number',
  'job.status',
  'job.title',
  'job.tags',
  'job.metadata',
  'job.priority',
  'job.options',
  'job.created_at',
  'job.started_at',
  'job.finished_at',
  'job.cancel_requested_at',
  'job.stage',
  'job.fraction',
  'job.processed_seconds',
  'job.eta_seconds',
  'job.speed',
  'job.language_code',
  'job.language_probability',
  'job.failure',
  'job.segment_count',
  'job.event_seq',
  'media.name',
  'media.root',
  'media.path',
  'media.bytes',
  'media.sha256',
  'media.duration_seconds',
  'media.container',
  'media.codec',
  'media.sample_rate',
  'media.channels',
  'media.warnings',
] as const;

/** Jobs with their recordings; the caller says which. The checkpoint stays where it is: it is large, and no client sees it. */
export function selectJob(db: Kysely<Tables>): SelectQueryBuilder<Tables, 'job' | 'media', JobRow> {
  return db.selectFrom('job').innerJoin('media', 'media.id', 'job.media_id').select(jobColumns);
}

/** One job, or null. */
export async function readJob(db: Kysely<Tables>, id: string): Promise<Job | null> {
  const row = await selectJob(db).where('job.id', '=', id).executeTakeFirst();
  return row === undefined ? null : toJob(row);
}

/** One job that is known to be there, since this transaction wrote it. */
export async function readOwnJob(db: Kysely<Tables>, id: string): Promise<Job> {
  return toJob(await selectJob(db).where('job.id', '=', id).executeTakeFirstOrThrow());
}

/** A deleted job has nothing at once, though it goes slice by slice: half of its events would be a gap. */
export function isKnown(jobId: string) {
  return (eb: ExpressionBuilder<Tables, 'event' | 'segment'>) =>
    eb.exists(eb.selectFrom('job').select('job.id').where('job.id', '=', jobId));
}
