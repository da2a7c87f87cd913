import { setImmediate } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { JobStatus } from '../../../jobs/job.ts';
import { keptDeletedMs, lookBackMs } from '../../changes.ts';
import type { Deleted, JobRemover } from '../../store.ts';
import { commit, type Connection } from '../database/connection.ts';
import { readJob } from '../database/rows.ts';
import { sweepInTurns } from '../editing/edit-rows.ts';
import type { Tables } from '../database/tables.ts';
import { removeVoid } from '../search/entries.ts';
import { removeStaleBatches } from '../work/parts.ts';
import { changeTime, type LockedJob, lockJob } from './change.ts';
import { removeLabels } from './labels.ts';
import { drawUp } from './order.ts';
import { readNewest } from '../reading/changes.ts';

const deletableIn: readonly JobStatus[] = ['QUEUED', 'COMPLETED', 'FAILED', 'CANCELLED'];

/** Rows of up to 100 KB: a slice takes milliseconds. */
const rowsPerSlice = 50;
/** Log lines wait for 100 ms before they are written; after this no line about a deleted job is on its way. */
const lateMs = 60_000;
const tombstonesPerSlice = 500;

/** What takes jobs away. */
export function jobRemover(connection: Connection): JobRemover {
  const { db } = connection;
  return {
    async deleteJob(id) {
      const deleted = await deleteJob(connection, id);
      if (deleted?.refused === false) await deleteRest(connection, id);
      return deleted;
    },
    async finishedBefore(time, limit) {
      const rows = await db
        .selectFrom('job')
        .select('id')
        .where('finished_at', '<', time.getTime())
        .orderBy('finished_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },
    async finishDeletions() {
      const now = await connection.now(db);
      for (const { job_id: id, time } of await db.selectFrom('deletion').selectAll().execute()) {
        await deleteRest(connection, id);
        if (time > now - lateMs && time <= now) continue;
        await commit(connection, async (tx) => {
          await tx.deleteFrom('deletion').where('job_id', '=', id).execute();
        });
      }
      await removeVoid(connection);
      while ((await removeStaleBatches(connection)) > 0) await setImmediate();
      for (const { job_id: id } of await db.selectFrom('stale_edit').selectAll().execute()) {
        await sweepInTurns(connection, id);
      }
      while ((await removeTombstones(connection)) > 0) await setImmediate();
    },
  };
}

/** Takes the job itself away, which makes it unknown, and notes that the rest is to follow. */
function deleteJob(connection: Connection, id: string): Promise<Deleted | null> {
  return commit(connection, async (tx, notify) => {
    const job = await lockJob(tx, id, (eb) => eb('status', 'in', deletableIn));
    if (job === undefined) {
      const refused = await readJob(tx, id);
      return refused === null ? null : { refused: true, job: refused };
    }
    const now = await connection.now(tx);
    await tx.insertInto('deletion').values({ job_id: id, time: now }).execute();
    const { created_at, seconds } = await tx
      .selectFrom('job')
      .innerJoin('media', 'media.id', 'job.media_id')
      .select(['job.created_at', 'media.duration_seconds as seconds'])
      .where('job.id', '=', id)
      .executeTakeFirstOrThrow();
    const tombstone = { job_id: id, owner: job.api_key_id, time: changeTime(now), created_at, seconds: seconds ?? 0 };
    await tx.insertInto('deleted').values(tombstone).execute();
    await removeLabels(tx, job);
    await tx.deleteFrom('job').where('id', '=', id).execute();
    if (job.place !== null) await drawUp(tx, job);
    notify(id, 'queue');
    return { refused: false, kept: await deleteMedia(tx, job) };
  });
}

/**
 * Some of those that nobody asks for any more; how many. The newest change says how old they are and not the clock, which may be wrong for a while: whoever
 * is told later what was deleted since a time misses nothing.
 */
function removeTombstones(connection: Connection): Promise<number> {
  return commit(connection, async (tx) => {
    const newest = await readNewest(tx);
    const old = tx
      .selectFrom('deleted')
      .select('job_id')
      .where('time', '<', newest - (keptDeletedMs + lookBackMs))
      .orderBy('time')
      .limit(tombstonesPerSlice);
    const rows = await old.execute();
    if (rows.length > 0) {
      const ids = rows.map((row) => row.job_id);
      await tx.deleteFrom('deleted').where('job_id', 'in', ids).execute();
    }
    return rows.length;
  });
}

/** Takes the recording's row away where no other job has it; the name of its copy where no other row has it. */
async function deleteMedia(tx: Transaction<Tables>, { media_id: id }: LockedJob): Promise<string | null> {
  const sharing = await tx.selectFrom('job').select('id').where('media_id', '=', id).limit(1).executeTakeFirst();
  if (sharing !== undefined) return null;
  const [media] = await tx.deleteFrom('media').where('id', '=', id).returning(['root', 'path']).execute();
  if (media === undefined || media.root !== null) return null;
  const same = tx.selectFrom('media').select('id').where('path', '=', media.path).where('root', 'is', null);
  return (await same.limit(1).executeTakeFirst()) === undefined ? media.path : null;
}

/** Events, segments, what was made of them and what they are found by, and log lines, a slice at a time; between two of them everybody else has a turn. */
async function deleteRest(connection: Connection, id: string): Promise<void> {
  for (const slice of [deleteVoices, deleteEvents, deleteSegments, deleteEdits, deleteEdited, deleteLines]) {
    while (await commit(connection, (tx) => slice(tx, id))) await setImmediate();
  }
  await removeVoid(connection);
}

type Slice = (tx: Transaction<Tables>, id: string) => Promise<boolean>;

/** First: they tell a person again. */
const deleteVoices: Slice = async (tx, id) => {
  const voices = tx.selectFrom('voice').select('clip').where('job_id', '=', id).orderBy('clip').limit(rowsPerSlice);
  const last = (await voices.execute()).at(-1);
  if (last === undefined) return false;
  await tx.deleteFrom('voice').where('job_id', '=', id).where('clip', '<=', last.clip).execute();
  return true;
};

const deleteEvents: Slice = async (tx, id) => {
  const events = tx.selectFrom('event').select('seq').where('job_id', '=', id).orderBy('seq').limit(rowsPerSlice);
  const last = (await events.execute()).at(-1);
  if (last === undefined) return false;
  await tx.deleteFrom('event').where('job_id', '=', id).where('seq', '<=', last.seq).execute();
  return true;
};

const deleteSegments: Slice = async (tx, id) => {
  const segments = tx.selectFrom('segment').select('index').where('job_id', '=', id).orderBy('index');
  const last = (await segments.limit(rowsPerSlice).execute()).at(-1);
  if (last === undefined) return false;
  await tx.deleteFrom('segment').where('job_id', '=', id).where('index', '<=', last.index).execute();
  return true;
};

const deleteEdits: Slice = async (tx, id) => {
  const edits = tx.selectFrom('edit').select('index').where('job_id', '=', id).orderBy('index');
  const last = (await edits.limit(rowsPerSlice).execute()).at(-1);
  if (last === undefined) return false;
  await tx.deleteFrom('edit').where('job_id', '=', id).where('index', '<=', last.index).execute();
  return true;
};

/** So small that all of them are one slice. */
const deleteEdited: Slice = async (tx, id) => {
  await tx.deleteFrom('edited').where('job_id', '=', id).execute();
  return false;
};

const deleteLines: Slice = async (tx, id) => {
  const lines = tx.selectFrom('log').select('id').where('job_id', '=', id).orderBy('id').limit(rowsPerSlice);
  const last = (await lines.execute()).at(-1);
  if (last === undefined) return false;
  await tx.deleteFrom('log').where('job_id', '=', id).where('id', '<=', last.id).execute();
  return true;
};
