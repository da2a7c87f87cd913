import type { Transaction } from 'kysely';
import { nanoid } from 'nanoid';
import { allowedIn } from '../../../jobs/job.ts';
import type { Claim, Lease } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, parseAny } from '../database/json.ts';
import { readOwnJob } from '../database/select-job.ts';
import type { Tables } from '../database/tables.ts';
import { changeJob, type LockedJob, lockJob, statusChanged } from '../jobs/change.ts';
import { clearedTranscript } from '../jobs/job-columns.ts';
import { findNext, noteTurn } from '../jobs/turn.ts';
import { clearTranscript, lastAttempt } from './segments.ts';

/** Takes the next job of the queue for a worker, with its attempt written. */
export function claim(connection: Connection, worker: string): Promise<Claim | null> {
  return commit(connection, async (tx, ring) => {
    const next = await findNext(tx);
    const job = next === null ? undefined : await lockJob(tx, next.id, (eb) => eb('status', 'in', allowedIn('claim')));
    if (next === null || job === undefined) return null;
    await noteTurn(tx, next);
    const lease: Lease = { jobId: job.id, attempt: (await lastAttempt(tx, job.id)) + 1, token: nanoid() };
    const time = connection.now();
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
    ring(job.id);
    const { checkpoint } = await tx
      .selectFrom('job')
      .select('checkpoint')
      .where('id', '=', job.id)
      .executeTakeFirstOrThrow();
    return { lease, job: await readOwnJob(tx, job.id), checkpoint: parseAny(checkpoint), crashes: job.crashes };
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
      started_at: job.started_at ?? time,
      begun: 1,
    },
    facts: [...cleared, statusChanged(job, 'WORKING', attempt)],
    time,
  });
}
