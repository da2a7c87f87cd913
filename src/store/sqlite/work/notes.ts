import type { DetectedLanguage, Progress } from '../../../jobs/job.ts';
import type { AttemptProcess, Lease, MediaProbe } from '../../work.ts';
import { commit, type Connection } from '../database/connection.ts';
import { cleanText, toJson } from '../database/json.ts';
import { changeJob } from '../jobs/change.ts';
import { nextProgress, progressColumns } from '../jobs/job-columns.ts';
import { lockLeased, underLease } from './lease.ts';

/** Notes what runs for an attempt. */
export async function noteProcess(connection: Connection, lease: Lease, process: AttemptProcess): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job) => {
    await tx
      .updateTable('attempt')
      .set({ pid: process.pid, pid_start_time: process.pidStartTime, device: cleanText(process.device) })
      .where('job_id', '=', job.id)
      .where('number', '=', lease.attempt)
      .execute();
    return true;
  });
  return done ?? false;
}

/** Says that the worker is still there. Nothing of it is to be seen, so the bell stays silent. */
export function renew(connection: Connection, lease: Lease): Promise<{ readonly cancelRequested: boolean } | null> {
  return commit(connection, async (tx) => {
    const job = await lockLeased(tx, lease);
    if (job === undefined) return null;
    await tx
      .updateTable('attempt')
      .set({ renewed_at: connection.now() })
      .where('job_id', '=', job.id)
      .where('number', '=', lease.attempt)
      .execute();
    return { cancelRequested: job.cancel_requested_at !== null };
  });
}

/** Stores what the recording turned out to be. */
export async function noteMedia(connection: Connection, lease: Lease, media: MediaProbe): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job) => {
    await tx
      .updateTable('media')
      .set({
        duration_seconds: media.durationSeconds,
        container: media.container === null ? null : cleanText(media.container),
        codec: media.codec === null ? null : cleanText(media.codec),
        sample_rate: media.sampleRate,
        channels: media.channels,
        warnings: toJson(media.warnings),
      })
      .where('id', '=', job.media_id)
      .execute();
    return true;
  });
  return done ?? false;
}

/** Stores that the job has come to another stage. */
export async function enterStage(connection: Connection, lease: Lease, report: Progress): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    const progress = nextProgress(job, report);
    const facts = [{ kind: 'PROGRESSED', progress } as const];
    await changeJob(tx, job, { set: progressColumns(progress), facts, time });
    return true;
  });
  return done ?? false;
}

/** Stores the language that was heard. */
export async function noteLanguage(connection: Connection, lease: Lease, language: DetectedLanguage): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    const set = { language_code: cleanText(language.code), language_probability: language.probability };
    await changeJob(tx, job, { set, facts: [{ kind: 'LANGUAGE_DETECTED', language }], time });
    return true;
  });
  return done ?? false;
}
