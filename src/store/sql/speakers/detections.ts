import type { Kysely, Selectable, Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import { InvalidInputError, JobStatusError } from '../../../errors.ts';
import type { DetectionClaim, DetectionLease, DetectionState, DetectionStore } from '../../detections.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText } from '../database/json.ts';
import { readOwnJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';
import { mostDetections } from '../editing/edit-rows.ts';
import { lockJob } from '../jobs/change.ts';
import { heldBy, retell } from './retell.ts';
import { readVoices } from './voices.ts';

/** What tells speakers apart again. */
export function detectionStore(connection: Connection): DetectionStore {
  return {
    requestDetection: (...args) => request(connection, ...args),
    awaitDetection: (id) => awaitEnd(connection, id),
    withdrawDetection: (id) =>
      commit(connection, async (tx) => {
        const own = tx.deleteFrom('detection').where('id', '=', id);
        await own.where((eb) => eb.or([eb('lease', 'is', null), eb('ended', '=', 1)])).execute();
      }),
    claimDetection: (worker) => claim(connection, worker),
    renewDetection: (lease) =>
      commit(connection, async (tx) => {
        const held = heldBy(tx, lease).set({ renewed_at: await connection.now(tx) });
        return (await held.executeTakeFirst()).numUpdatedRows > 0n;
      }),
    finishDetection: (...args) => retell(connection, ...args),
    failDetection: (lease, problem) => fail(connection, lease, problem),
    reapDetections: (leaseMs) => reap(connection, leaseMs),
  };
}

function request(
  connection: Connection,
  ...[jobId, { minSpeakers, maxSpeakers }]: Parameters<DetectionStore['requestDetection']>
): Promise<string | null> {
  return commit(connection, async (tx, notify) => {
    if ((await lockJob(tx, jobId, (eb) => eb.lit(true))) === undefined) return null;
    await requireVoices(tx, jobId);
    const [id, time] = [`detection_${nanoid()}`, await connection.arrival(tx)];
    const bounds = { min_speakers: minSpeakers, max_speakers: maxSpeakers };
    const times = { requested_at: time, renewed_at: time };
    await tx
      .insertInto('detection')
      .values({ id, job_id: jobId, ...bounds, ...times })
      .execute();
    notify(jobId, 'queue');
    return id;
  });
}

/** Throws JobStatusError and InvalidInputError where the speakers of a job cannot be told apart again. */
async function requireVoices(tx: Transaction<Tables>, id: string): Promise<void> {
  const job = await readOwnJob(tx, id);
  if (job.options.channels === 'SPLIT') throw refuse('With SPLIT each channel of this job is one speaker.', byHand);
  if (!job.options.diarize)
    throw refuse('The speakers of this job were not told apart.', 'Submit the recording again, with diarize.');
  if (job.status !== 'COMPLETED')
    throw new JobStatusError(job.status, `The job is ${job.status}.`, 'Its speakers are told apart when it has ended.');
  const { detections } = await tx.selectFrom('job').select('detections').where('id', '=', id).executeTakeFirstOrThrow();
  const { open } = await tx
    .selectFrom('detection')
    .select((eb) => eb.fn.countAll().as('open'))
    .where('job_id', '=', id)
    .where('ended', '=', 0)
    .executeTakeFirstOrThrow();
  if (detections + Number(open) >= mostDetections)
    throw refuse(`The speakers of a job are told apart again ${mostDetections} times at most.`, byHand);
  if ((await readVoices(tx, id, -1)).length === 0)
    throw refuse('No voices were heard in the recording of this job.', byHand);
}

const byHand = 'Merge speakers with mergeSpeakers, or say who speaks with editSegments.';

function refuse(message: string, hint: string): InvalidInputError {
  return new InvalidInputError('jobId', message, hint);
}

/** Between two renewals by who waits: a small part of the shortest lease. */
const renewMs = 1000;

async function awaitEnd(connection: Connection, id: string): Promise<DetectionState | null> {
  const row = await readDetection(connection.db, id);
  if (row === undefined) return null;
  if (row.ended === 1) return row.problem === null ? { kind: 'DONE' } : { kind: 'FAILED', problem: row.problem };
  const time = await connection.now(connection.db);
  if (row.lease === null && Math.abs(time - row.renewed_at) >= renewMs)
    await commit(connection, async (tx) => {
      const waiting = tx.updateTable('detection').where('id', '=', id).where('lease', 'is', null);
      await waiting.set({ renewed_at: time }).execute();
    });
  return { kind: 'OPEN' };
}

function readDetection(db: Kysely<Tables>, id: string): Promise<Selectable<Tables['detection']> | undefined> {
  return db.selectFrom('detection').selectAll().where('id', '=', id).executeTakeFirst();
}

function claim(connection: Connection, worker: string): Promise<DetectionClaim | null> {
  return commit(connection, async (tx) => {
    const next = await selectNext(tx).executeTakeFirst();
    // Of two who claim ones of the same job the second finds the first here.
    if (next === undefined || (await lockJob(tx, next.job_id, (eb) => eb.lit(true))) === undefined) return null;
    const token = nanoid();
    const taken = await tx
      .updateTable('detection')
      .set({ lease: token, worker: cleanText(worker), renewed_at: await connection.now(tx) })
      .where('id', '=', next.id)
      .where('id', 'in', selectNext(tx).clearSelect().select('detection.id'))
      .executeTakeFirst();
    if (taken.numUpdatedRows === 0n) return null;
    await takeTurn(tx, next.caller);
    return {
      lease: { id: next.id, jobId: next.job_id, token },
      job: await readOwnJob(tx, next.job_id),
      bounds: { minSpeakers: next.min_speakers, maxSpeakers: next.max_speakers },
    };
  });
}

/** Their turns are in table `turn` with those of jobs, at a priority that no job has. */
const priority = 1001;

/** Callers take turns, by whose job it is: first goes whose turn was longest ago, and of one caller what was asked for first. */
function selectNext(tx: Transaction<Tables>) {
  return tx
    .selectFrom('detection')
    .innerJoin('job', 'job.id', 'detection.job_id')
    .leftJoin('turn', (join) => join.onRef('turn.caller', '=', 'job.caller').on('turn.priority', '=', priority))
    .select(['detection.id', 'detection.job_id', 'min_speakers', 'max_speakers', 'job.caller'])
    .where('lease', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('detection as other')
            .select('other.id')
            .whereRef('other.job_id', '=', 'detection.job_id')
            .where('other.lease', 'is not', null)
            .where('other.ended', '=', 0),
        ),
      ),
    )
    .orderBy((eb) => eb.fn.coalesce('turn.round', eb.lit(0)))
    .orderBy('requested_at')
    .orderBy('detection.id')
    .limit(1);
}

async function takeTurn(tx: Transaction<Tables>, caller: string): Promise<void> {
  const { last } = await tx
    .selectFrom('turn')
    .select((eb) => eb.fn.max('round').as('last'))
    .where('priority', '=', priority)
    .executeTakeFirstOrThrow();
  const round = (last ?? 0) + 1;
  await tx
    .insertInto('turn')
    .values({ priority, caller, round })
    .onConflict((conflict) => conflict.columns(['priority', 'caller']).doUpdateSet({ round }))
    .execute();
}

function fail(connection: Connection, lease: DetectionLease, problem: string): Promise<boolean> {
  return commit(connection, async (tx, notify) => {
    const ended = heldBy(tx, lease).set({
      ended: 1,
      problem: cleanText(problem),
      renewed_at: await connection.now(tx),
    });
    if ((await ended.executeTakeFirst()).numUpdatedRows === 0n) return false;
    notify(lease.jobId, 'queue');
    return true;
  });
}

/** A clock that was set back must not keep one for ever. */
function reap(connection: Connection, leaseMs: number): Promise<readonly string[]> {
  return commit(connection, async (tx, notify) => {
    const time = await connection.now(tx);
    const rows = await tx.selectFrom('detection').selectAll().execute();
    const over = rows.filter((row) => leaseMs === 0 || Math.abs(time - row.renewed_at) > leaseMs);
    const jobs: string[] = [];
    for (const { id, job_id: jobId, renewed_at: renewedAt, lease, ended } of over) {
      const gone = tx.deleteFrom('detection').where('id', '=', id).where('renewed_at', '=', renewedAt);
      if ((await gone.executeTakeFirst()).numDeletedRows === 0n) continue;
      notify(jobId, 'queue');
      if (lease !== null && ended === 0) jobs.push(jobId);
    }
    return jobs;
  });
}
