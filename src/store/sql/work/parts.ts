import type { Kysely, Selectable, Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import type { Part, PartRange, PartStore } from '../../parts.ts';
import type { Lease } from '../../work.ts';
import { commit, type Connection, type Notify } from '../database/connection.ts';
import { parseFailure, parseObject, toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import { underLease } from './attempt.ts';
import { parsePlan, readBatches, removeParts } from './part-rows.ts';

/** What the worker of a job does with its parts. */
type JobSide = Pick<
  PartStore,
  | 'askForPlan'
  | 'offerParts'
  | 'withdrawPart'
  | 'closePart'
  | 'dropParts'
  | 'parts'
  | 'plan'
  | 'partBatches'
  | 'removeStaleBatches'
>;

/** The number of the plan among the parts. */
export const planNumber = 0;
/** Rows of up to 100 KB: a slice takes milliseconds. */
const rowsPerSlice = 50;

/** The parts of jobs, for the workers of these jobs. */
export function partsOfJobs(connection: Connection): JobSide {
  const { db } = connection;
  return {
    askForPlan: (lease, provenance) =>
      act(connection, lease, async (tx, notify) => {
        // Slots that wait for jobs may take parts.
        notify(lease.jobId, 'queue');
        await tx
          .insertInto('part')
          .values({ id: nanoid(), job_id: lease.jobId, number: planNumber, provenance: toJson(provenance) })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }),
    offerParts: (lease, ranges, provenance) =>
      act(connection, lease, async (tx, notify) => {
        notify(lease.jobId, 'queue');
        await partsOf(tx, lease.jobId).where('number', '>', planNumber).execute();
        const rows = ranges.map((range, at) => ({ ...rowOf(lease.jobId, range), number: planNumber + 1 + at }));
        await tx
          .insertInto('part')
          .values(rows.map((row) => ({ ...row, provenance: toJson(provenance) })))
          .execute();
      }),
    withdrawPart: (lease, id) => withdraw(connection, lease, id),
    closePart: (lease, id) =>
      act(connection, lease, async (tx) => {
        await tx.deleteFrom('part').where('id', '=', id).where('job_id', '=', lease.jobId).execute();
        await tx.deleteFrom('part_batch').where('part_id', '=', id).execute();
      }),
    dropParts: (lease) =>
      act(connection, lease, async (tx) => {
        await removeParts(tx, lease.jobId);
      }),
    async parts(jobId) {
      const rows = await selectParts(db, jobId).where('number', '>', planNumber).execute();
      return rows.map(toPart);
    },
    async plan(jobId) {
      const row = await selectParts(db, jobId).where('number', '=', planNumber).executeTakeFirst();
      return row === undefined ? null : toPart(row);
    },
    partBatches: (id, afterBatch) => readBatches(db, id, afterBatch),
    removeStaleBatches: () => removeStaleBatches(connection),
  };
}

async function act(
  connection: Connection,
  lease: Lease,
  write: (tx: Transaction<Tables>, notify: Notify) => Promise<void>,
): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, _job, _time, notify) => {
    await write(tx, notify);
    return true;
  });
  return done ?? false;
}

async function withdraw(connection: Connection, lease: Lease, id: string): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx) => {
    const { numDeletedRows } = await partsOf(tx, lease.jobId)
      .where('id', '=', id)
      .where('lease', 'is', null)
      .where('done', '=', 0)
      .where('processed_seconds', '=', 0)
      .executeTakeFirstOrThrow();
    return numDeletedRows > 0n;
  });
  return done ?? false;
}

function partsOf(tx: Transaction<Tables>, jobId: string) {
  return tx.deleteFrom('part').where('job_id', '=', jobId);
}

function rowOf(jobId: string, { batch, clip, sample, to }: PartRange) {
  return { id: nanoid(), job_id: jobId, first_batch: batch, first_clip: clip, first_sample: sample, end_clip: to };
}

function selectParts(db: Kysely<Tables>, jobId: string) {
  return db.selectFrom('part').selectAll().where('job_id', '=', jobId).orderBy('number');
}

function toPart(row: Selectable<Tables['part']>): Part {
  return {
    id: row.id,
    number: row.number,
    range: rangeOf(row),
    state: row.done === 1 ? 'DONE' : row.lease === null ? 'FREE' : 'TAKEN',
    provenance: parseObject(row.provenance),
    processedSeconds: row.processed_seconds,
    failure: parseFailure(row.failure),
    plan: parsePlan(row.plan),
  };
}

/** What a row says is to be read. */
export function rangeOf(row: Selectable<Tables['part']>): PartRange {
  return { batch: row.first_batch, clip: row.first_clip, sample: row.first_sample, to: row.end_clip };
}

/** Some of what has come of parts that are gone; how much. */
export function removeStaleBatches(connection: Connection): Promise<number> {
  return commit(connection, async (tx) => {
    const stale = await tx
      .selectFrom('part_batch')
      .select(['part_id', 'batch'])
      .where('part_id', 'not in', (eb) => eb.selectFrom('part').select('part.id'))
      .limit(rowsPerSlice)
      .execute();
    for (const { part_id: id, batch } of stale) {
      await tx.deleteFrom('part_batch').where('part_id', '=', id).where('batch', '=', batch).execute();
    }
    return stale.length;
  });
}
