import type { Transaction, Updateable } from 'kysely';
import { nanoid } from 'nanoid';
import { allowedIn } from '../../../jobs/job.ts';
import { classesOf } from '../../../jobs/worker.ts';
import type { OpenPart, PartChoice, PartClaim, PartLease, PartStore } from '../../parts.ts';
import { commit, type Connection, type Notify } from '../database/connection.ts';
import { cleanText, parseAny, parseObject, toJson } from '../database/json.ts';
import { readOwnJob, toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { batchRow } from './part-rows.ts';
import { planNumber, rangeOf } from './parts.ts';

/** What those do who read parts. */
type ReaderSide = Pick<
  PartStore,
  | 'claimPart'
  | 'savePartProcess'
  | 'renewPart'
  | 'appendToPart'
  | 'finishPart'
  | 'leavePart'
  | 'expiredParts'
  | 'freeParts'
>;

/** Of a part that nobody has. */
const nobody = { lease: null, worker: null, pid: null, pid_start_time: null, renewed_at: null } as const;

/** The parts of jobs, for whoever reads them. */
export function partWork(connection: Connection): ReaderSide {
  return {
    claimPart: (worker, choice = {}) => claimPart(connection, worker, choice),
    savePartProcess: (lease, { pid, pidStartTime }) =>
      changePart(connection, lease, async () => ({ pid, pid_start_time: pidStartTime })),
    renewPart: (lease) => changePart(connection, lease, async (tx) => ({ renewed_at: await connection.now(tx) })),
    appendToPart: (lease, batch, processedSeconds) =>
      underPartLease(connection, lease, async (tx) => {
        // One whose answer was lost is written again.
        await tx
          .insertInto('part_batch')
          .values(batchRow(lease.id, batch))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        await tx.updateTable('part').set({ processed_seconds: processedSeconds }).where('id', '=', lease.id).execute();
      }),
    finishPart: (lease, plan) =>
      underPartLease(connection, lease, async (tx) => {
        const set = { ...nobody, done: 1, plan: plan === undefined ? null : toJson(plan) } as const;
        await tx.updateTable('part').set(set).where('id', '=', lease.id).execute();
      }),
    leavePart: (lease, { crashed, failure }) =>
      underPartLease(connection, lease, async (tx, notify) => {
        notify(lease.jobId, 'queue');
        await tx
          .updateTable('part')
          .set((eb) => ({
            ...nobody,
            crashes: eb('crashes', '+', crashed ? 1 : 0),
            failure: failure === null ? null : toJson(failure),
          }))
          .where('id', '=', lease.id)
          .execute();
      }),
    expiredParts: (leaseMs) => expiredParts(connection, leaseMs),
    freeParts: (parts) => freeParts(connection, parts),
  };
}

/** One that another takes at the same time is no longer free when it is looked at again: then there is none at this time. */
function claimPart(connection: Connection, worker: string, choice: PartChoice): Promise<PartClaim | null> {
  return commit(connection, async (tx, notify) => {
    const next = await findFree(tx, choice);
    if (next === undefined) return null;
    const token = nanoid();
    const row = await tx
      .updateTable('part')
      .set({ ...nobody, lease: token, worker: cleanText(worker), renewed_at: await connection.now(tx) })
      .where('id', '=', next.id)
      .where('lease', 'is', null)
      .where('done', '=', 0)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return null;
    notify(row.job_id);
    const last = await tx
      .selectFrom('part_batch')
      .select('checkpoint')
      .where('part_id', '=', row.id)
      .orderBy('batch', 'desc')
      .limit(1)
      .executeTakeFirst();
    return {
      lease: { id: row.id, jobId: row.job_id, token },
      job: await readOwnJob(tx, row.job_id),
      number: row.number,
      range: row.number === planNumber ? null : rangeOf(row),
      provenance: parseObject(row.provenance),
      checkpoint: parseAny(last?.checkpoint ?? null),
      crashes: row.crashes,
    };
  });
}

function findFree(tx: Transaction<Tables>, { jobId, except = [], serves = {} }: PartChoice) {
  const free = tx
    .selectFrom('part')
    .innerJoin('job', 'job.id', 'part.job_id')
    .select('part.id')
    .where('part.lease', 'is', null)
    .where('part.done', '=', 0)
    .where('part.failure', 'is', null)
    .where('job.status', 'in', allowedIn('interrupt'))
    .where('job.cancel_requested_at', 'is', null)
    .where('job.needs', 'in', classesOf(serves))
    .orderBy('job.number')
    .orderBy('part.number')
    .limit(1);
  const ofJob = jobId === undefined ? free : free.where('part.job_id', '=', jobId);
  return (except.length === 0 ? ofJob : ofJob.where('part.job_id', 'not in', except)).executeTakeFirst();
}

/** Runs `act` where the lease holds, and tells the worker of the job. */
function underPartLease(
  connection: Connection,
  { id, jobId, token }: PartLease,
  act: (tx: Transaction<Tables>, notify: Notify) => Promise<void>,
): Promise<boolean> {
  return commit(connection, async (tx, notify) => {
    // The row is locked by an update that changes nothing, until the end of the transaction.
    const { numUpdatedRows } = await tx
      .updateTable('part')
      .set((eb) => ({ lease: eb.ref('lease') }))
      .where('id', '=', id)
      .where('lease', '=', token)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await act(tx, notify);
    notify(jobId);
    return true;
  });
}

/** Nothing of it is to be seen, so the notifier stays silent. */
async function changePart(
  connection: Connection,
  { id, token }: PartLease,
  columns: (tx: Transaction<Tables>) => Promise<Updateable<Tables['part']>>,
): Promise<boolean> {
  const { numUpdatedRows } = await commit(connection, async (tx) => {
    const change = tx.updateTable('part').set(await columns(tx));
    return change.where('id', '=', id).where('lease', '=', token).executeTakeFirstOrThrow();
  });
  return numUpdatedRows > 0n;
}

/** A clock that was set back must not keep one for ever. */
async function expiredParts({ db, now }: Connection, leaseMs: number): Promise<readonly OpenPart[]> {
  const time = await now(db);
  const rows = await db
    .selectFrom('part')
    .select(['id', 'job_id', 'number', 'pid', 'pid_start_time', 'renewed_at'])
    .where('lease', 'is not', null)
    .execute();
  return rows
    .map((row) => ({ ...row, renewed: row.renewed_at ?? 0 }))
    .filter(({ renewed }) => leaseMs === 0 || Math.abs(time - renewed) > leaseMs)
    .map((row) => ({
      id: row.id,
      jobId: row.job_id,
      number: row.number,
      pid: row.pid,
      pidStartTime: row.pid_start_time,
      renewedAt: toDate(row.renewed),
    }));
}

function freeParts(connection: Connection, parts: readonly OpenPart[]): Promise<void> {
  return commit(connection, async (tx, notify) => {
    for (const { id, jobId, renewedAt } of parts) {
      await tx
        .updateTable('part')
        .set(nobody)
        .where('id', '=', id)
        .where('renewed_at', '=', renewedAt.getTime())
        .execute();
      notify(jobId, 'queue');
    }
  });
}
