import { sql } from 'kysely';
import type { JobSettler } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { toMediaKey } from '../database/rows.ts';
import { changeJob, lockJob } from './change.ts';
import { placeByArrival } from './order.ts';

/** What waits for recordings that are still written to. */
export function jobSettler(connection: Connection): JobSettler {
  return {
    settling: () => settling(connection),
    settle: (id, bytes) => settle(connection, id, bytes),
  };
}

async function settling({ db }: Connection): ReturnType<JobSettler['settling']> {
  const rows = await db
    .selectFrom('job')
    .innerJoin('media', 'media.id', 'job.media_id')
    .select(['job.id', 'media.root', 'media.path'])
    // Written out, since a value that is bound cannot choose the index of the settling.
    .where('job.settling', '=', sql.lit(1))
    .where('job.status', '=', 'QUEUED')
    .orderBy('job.number')
    .execute();
  return rows.map((row) => ({ id: row.id, key: toMediaKey(row) }));
}

function settle(connection: Connection, id: string, bytes: number | null): Promise<void> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) => eb('settling', '=', 1));
    if (job === undefined) return;
    const place = job.place === null ? null : await placeByArrival(tx, job, job.arrival);
    await changeJob(tx, job, { set: { settling: 0, place }, facts: [], time: await connection.now(tx) });
    if (bytes !== null) await tx.updateTable('media').set({ bytes }).where('id', '=', job.media_id).execute();
    notify(id, 'queue');
  });
}
