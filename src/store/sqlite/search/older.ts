import type { Transaction } from 'kysely';
import { commit, type Connection } from '../database/connection.ts';
import { toSegment } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { writeEntries } from './entries.ts';

/** A slice takes milliseconds. */
const segmentsPerSlice = 50;

interface OlderJob {
  readonly id: string;
  readonly number: number;
  readonly segment_count: number;
}

/** Indexes the next segments that were stored before there was an index, those of the newest job first; null when none are left. */
export function indexOlder(connection: Connection): Promise<number | null> {
  return commit(connection, async (tx) => {
    const place = await tx.selectFrom('search_older').selectAll().where('id', '=', 1).executeTakeFirst();
    if (place === undefined) return null;
    const job = await tx
      .selectFrom('job')
      .select(['id', 'number', 'segment_count'])
      .where('number', '<', place.number)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (job !== undefined) return indexSlice(tx, job);
    await tx.deleteFrom('search_older').where('id', '=', 1).execute();
    return null;
  });
}

async function indexSlice(tx: Transaction<Tables>, job: OlderJob): Promise<number> {
  const known = await tx.selectFrom('search_job').selectAll().where('job_id', '=', job.id).executeTakeFirst();
  const done = known?.segments ?? 0;
  const rows = await tx
    .selectFrom('segment')
    .selectAll()
    .where('job_id', '=', job.id)
    .where('index', '>=', done)
    .orderBy('index')
    .limit(segmentsPerSlice)
    .execute();
  if (rows.length > 0) await writeEntries(tx, known?.number ?? (await addOlder(tx, job.id)), rows.map(toSegment));
  if (done + rows.length < job.segment_count) return rows.length;
  await tx.updateTable('search_older').set({ number: job.number }).where('id', '=', 1).execute();
  return rows.length;
}

/** Numbers go down here, so that an older job stays below newer ones. */
async function addOlder(tx: Transaction<Tables>, jobId: string): Promise<number> {
  const { least } = await tx
    .selectFrom('search_job')
    .select((eb) => eb.fn.min('number').as('least'))
    .executeTakeFirstOrThrow();
  const number = Math.min(0, least ?? 0) - 1;
  await tx.insertInto('search_job').values({ number, job_id: jobId, segments: 0 }).execute();
  return number;
}
