import { isDeepStrictEqual } from 'node:util';
import { sql, type Transaction } from 'kysely';
import { isOf } from '../../../jobs/provenance.ts';
import type { NewJob } from '../../store.ts';
import { parseObject, parseOptions } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';

/** Jobs with the same bytes that are looked at, the newest first. */
const mostLookedAt = 100;

/** The newest COMPLETED job of the same caller with the same bytes, options and engine, where the new one may be that. */
export async function findFinished(tx: Transaction<Tables>, job: NewJob): Promise<string | null> {
  const { reuse } = job;
  if (reuse === undefined) return null;
  const rows = await tx
    .selectFrom('media')
    .innerJoin('job', 'job.media_id', 'media.id')
    .innerJoin('attempt', 'attempt.job_id', 'job.id')
    .select(['job.id', 'job.options', 'attempt.provenance'])
    .where('media.sha256', '=', reuse.sha256)
    .where('job.status', '=', 'COMPLETED')
    .where('job.caller', '=', job.callerId ?? '')
    .where('attempt.outcome', '=', 'COMPLETED')
    .orderBy(sql`media.rowid`, 'desc')
    .limit(mostLookedAt)
    .execute();
  const same = rows.find(
    ({ options, provenance }) =>
      isDeepStrictEqual(parseOptions(options), job.options) && isOf(reuse.engine, parseObject(provenance)),
  );
  return same?.id ?? null;
}
