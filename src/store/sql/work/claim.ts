import type { Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import { allowedIn, type JobStatus } from '../../../jobs/job.ts';
import { classesOf, type Serves } from '../../../jobs/worker.ts';
import type { Work } from '../../store.ts';
import type { Claim, Lease, OpenAttempt, Reaped } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseAny } from '../database/json.ts';
import { readOwnJob, toDate } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { backInQueue, changeJob, clearedTranscript, type LockedJob, lockJob, statusChanged } from '../jobs/change.ts';
import { findNext, takeTurn } from '../jobs/order.ts';
import {
  appendBatch,
  applyAct,
  enterStage,
  finish,
  renew,
  restartTranscript,
  saveLanguage,
  saveMedia,
  savePeaks,
  saveProcess,
  stopped,
} from './attempt.ts';
import { clearTranscript, lastAttempt } from './segments.ts';

/** Takes the next job of the queue that a worker serves, with its attempt written. */
function claim(connection: Connection, worker: string, serves: Serves = {}): Promise<Claim | null> {
  return commit(connection, async (tx, notify) => {
    const next = await findNext(tx, classesOf(serves));
    if (next === undefined) return null;
    const job = await lockJob(tx, next.id, (eb) => eb('status', 'in', allowedIn('claim')));
    if (job?.place == null) return null;
    const lease: Lease = { jobId: job.id, attempt: (await lastAttempt(tx, job.id)) + 1, token: nanoid() };
    const time = await connection.now(tx);
    await tx
      .insertInto('attempt')
      .values({
        job_id: job.id,
        number: lease.attempt,
        lease: lease.token,
        worker: cleanText(worker),
        started_at: time,
        renewed_at: time,
      })
      .execute();
    await start(tx, job, { attempt: lease.attempt, time });
    await takeTurn(tx, { ...job, place: job.place });
    notify(job.id, 'queue');
    const { checkpoint, traceparent } = await tx
      .selectFrom('job')
      .select(['checkpoint', 'traceparent'])
      .where('id', '=', job.id)
      .executeTakeFirstOrThrow();
    const own = { checkpoint: parseAny(checkpoint), crashes: job.crashes, traceparent };
    return { lease, job: await readOwnJob(tx, job.id), ...own };
  });
}

async function start(
  tx: Transaction<Tables>,
  job: LockedJob,
  { attempt, time }: { readonly attempt: number; readonly time: number },
): Promise<void> {
  // Segments without a checkpoint cannot be gone on from: they would come a second time.
  const isVoid = job.segment_count > 0 && !job.has_checkpoint;
  const cleared = isVoid ? await clearTranscript(tx, job.id) : [];
  await changeJob(tx, job, {
    set: {
      ...(isVoid ? clearedTranscript : {}),
      status: 'WORKING',
      stage: 'STARTING',
      place: null,
      started_at: job.started_at ?? time,
    },
    facts: [...cleared, statusChanged(job, 'WORKING', attempt)],
    time,
  });
}

/** The attempts that have not ended, and were not renewed for so long. A clock that was set back must not keep one for ever. */
async function expiredAttempts({ db, now }: Connection, leaseMs: number): Promise<readonly OpenAttempt[]> {
  const time = await now(db);
  const rows = await db
    .selectFrom('job')
    .innerJoin('attempt', 'attempt.job_id', 'job.id')
    .select(['attempt.job_id', 'attempt.number', 'attempt.pid', 'attempt.pid_start_time', 'attempt.renewed_at'])
    .where('job.status', 'in', allowedIn('interrupt'))
    .where('attempt.finished_at', 'is', null)
    .execute();
  return rows
    .filter((row) => leaseMs === 0 || Math.abs(time - row.renewed_at) > leaseMs)
    .map((row) => ({
      jobId: row.job_id,
      attempt: row.number,
      pid: row.pid,
      pidStartTime: row.pid_start_time,
      renewedAt: toDate(row.renewed_at),
    }));
}

/** Ends the attempts that a server that is gone left open, and gives their jobs back to the queue. */
function reap(connection: Connection, orphans: readonly OpenAttempt[]): Promise<readonly Reaped[]> {
  return commit(connection, async (tx, notify) => {
    const time = await connection.now(tx);
    const reaped: Reaped[] = [];
    // In one order, whoever else looks after the same.
    for (const orphan of orphans.toSorted((a, b) => (a.jobId < b.jobId ? -1 : 1))) {
      const { jobId, attempt } = orphan;
      const status = await interrupt(tx, orphan, time);
      if (status === null) continue;
      notify(jobId, 'queue');
      reaped.push({ jobId, attempt, status });
    }
    return reaped;
  });
}

/** Null where the attempt has ended meanwhile, or its worker is there after all. */
async function interrupt(
  tx: Transaction<Tables>,
  { jobId, attempt, renewedAt }: OpenAttempt,
  time: number,
): Promise<JobStatus | null> {
  const job = await lockJob(tx, jobId, (eb) => eb('status', 'in', allowedIn('interrupt')));
  const ended = await tx
    .updateTable('attempt')
    .set({ outcome: 'INTERRUPTED', finished_at: time })
    .where('job_id', '=', jobId)
    .where('number', '=', attempt)
    .where('finished_at', 'is', null)
    .where('renewed_at', '=', renewedAt.getTime())
    .executeTakeFirst();
  if (ended.numUpdatedRows === 0n) return null;
  if (job === undefined) throw new Error(`The job ${jobId} has an open attempt and does not run.`);
  const isCancelled = job.cancel_requested_at !== null;
  const set = isCancelled ? stopped(time) : backInQueue(job);
  return applyAct(tx, job, { act: isCancelled ? 'cancel' : 'interrupt', attempt, set, time });
}

/** What a worker does. */
export function work(connection: Connection): Work {
  return {
    claim: (...args) => claim(connection, ...args),
    saveProcess: (lease, process) => saveProcess(connection, lease, process),
    renew: (lease) => renew(connection, lease),
    saveMedia: (lease, media) => saveMedia(connection, lease, media),
    savePeaks: (lease, peaks) => savePeaks(connection, lease, peaks),
    enterStage: (lease, progress) => enterStage(connection, lease, progress),
    saveLanguage: (lease, language) => saveLanguage(connection, lease, language),
    appendBatch: (lease, batch) => appendBatch(connection, lease, batch),
    clearTranscript: (lease) => restartTranscript(connection, lease),
    finish: (...args) => finish(connection, ...args),
    expiredAttempts: (leaseMs) => expiredAttempts(connection, leaseMs),
    reap: (orphans) => reap(connection, orphans),
  };
}
