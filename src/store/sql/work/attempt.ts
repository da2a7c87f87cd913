import type { Transaction } from 'kysely';
import {
  allowedIn,
  type AttemptOutcome,
  type DetectedLanguage,
  type JobAct,
  type JobFact,
  type JobStatus,
  nextStatus,
  type Progress,
} from '../../../jobs/job.ts';
import type { AttemptProcess, Batch, Ending, Lease, MediaProbe, TellSpeakers } from '../../work.ts';
import { commit, type Connection, type Notify } from '../database/connection.ts';
import { cleanText, parseTexts, toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import {
  backInQueue,
  type Change,
  changeJob,
  clearedTranscript,
  type LockedJob,
  lockJob,
  nextProgress,
  progressColumns,
  statusChanged,
} from '../jobs/change.ts';
import { addChannels, saidAfterMerges } from '../editing/speakers.ts';
import { standTold, tellAnew } from '../speakers/prepare.ts';
import { addVoices, removeVoices } from '../speakers/voices.ts';
import { addEntries } from '../search/entries.ts';
import { clearTranscript, insertSegments, numberSegments } from './segments.ts';

const acts = {
  COMPLETED: 'complete',
  FAILED: 'fail',
  CANCELLED: 'cancel',
  INTERRUPTED: 'interrupt',
} as const satisfies Record<AttemptOutcome, JobAct>;

/** Ends the attempt of a lease and moves its job on, with `tell` with its transcript cut anew. False where the lease was lost. */
export function finish(
  connection: Connection,
  lease: Lease,
  ...[ending, tell]: readonly [Ending, TellSpeakers?]
): Promise<boolean> {
  if (tell === undefined) return end(connection, lease, ending);
  return tellAnew(connection, {
    jobId: lease.jobId,
    cut: tell(),
    isHeld: async (tx) => (await lockLeased(tx, lease)) !== undefined,
    stand: (ended, prepared) =>
      end(connection, lease, ending, (tx, time, seq) => {
        if (seq !== ended.job.lastEventSeq)
          throw new Error(`Something has happened to the job ${lease.jobId} meanwhile.`);
        return standTold(tx, ended, { prepared, time });
      }),
  });
}

/** What is written with the end of an attempt that has done its work, and how many events there are then. */
type Telling = (tx: Transaction<Tables>, ...at: readonly [time: number, seq: number]) => ReturnType<typeof standTold>;

async function end(
  connection: Connection,
  lease: Lease,
  ...[ending, tell]: readonly [Ending, Telling?]
): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time, notify) => {
    const outcome = job.cancel_requested_at === null ? ending.kind : 'CANCELLED';
    await tx
      .updateTable('attempt')
      .set({
        outcome,
        finished_at: time,
        exit_code: ending.exitCode,
        signal: ending.signal,
        peak_memory_bytes: ending.peakMemoryBytes,
        provenance: ending.provenance === null ? null : toJson(ending.provenance),
      })
      .where('job_id', '=', lease.jobId)
      .where('number', '=', lease.attempt)
      .execute();
    const isDone = outcome === 'COMPLETED' && ending.kind === 'COMPLETED';
    if (isDone) await saveFindings(tx, job, ending);
    const told = isDone ? await tell?.(tx, time, job.event_seq) : undefined;
    const set = outcome === 'CANCELLED' ? stopped(time) : afterEnding(job, ending, time);
    const ended = { ...job, event_seq: told?.event_seq ?? job.event_seq };
    await applyAct(tx, ended, {
      act: acts[outcome],
      attempt: lease.attempt,
      set: { ...set, ...told?.set },
      time,
    });
    notify(job.id, 'queue');
    return true;
  });
  return done ?? false;
}

/** What became known of the recording at its end. An upload has its hash from the start. */
async function saveFindings(
  tx: Transaction<Tables>,
  { id, media_id: mediaId }: LockedJob,
  { sha256 = null, warnings = [], voices }: Extract<Ending, { readonly kind: 'COMPLETED' }>,
): Promise<void> {
  if (voices === null) await removeVoices(tx, id);
  if (sha256 !== null)
    await tx.updateTable('media').set({ sha256 }).where('id', '=', mediaId).where('sha256', 'is', null).execute();
  if (warnings.length === 0) return;
  const media = await tx.selectFrom('media').select('warnings').where('id', '=', mediaId).executeTakeFirstOrThrow();
  const all = toJson([...new Set([...parseTexts(media.warnings), ...warnings])]);
  await tx.updateTable('media').set({ warnings: all }).where('id', '=', mediaId).execute();
}

/** An act on the job of an attempt. */
export interface Move extends Pick<Change, 'set' | 'time'> {
  readonly act: JobAct;
  readonly attempt: number;
}

/** Writes where an act leads to, and what is to be written with it. */
export async function applyAct(
  tx: Transaction<Tables>,
  job: LockedJob,
  { act, attempt, set, time }: Move,
): Promise<JobStatus> {
  const status = nextStatus(job.status, act);
  if (status === null) throw new Error(`A job that is ${job.status} cannot ${act}.`);
  await changeJob(tx, job, { set: { ...set, status }, facts: [statusChanged(job, status, attempt)], time });
  return status;
}

function afterEnding(job: LockedJob, ending: Ending, time: number): Change['set'] {
  switch (ending.kind) {
    case 'COMPLETED':
      return { ...stopped(time), fraction: 1, processed_seconds: ending.processedSeconds, checkpoint: null };
    case 'FAILED':
      return { ...stopped(time), failure: toJson(ending.failure) };
    case 'CANCELLED':
      return stopped(time);
    case 'INTERRUPTED':
      return { ...backInQueue(job), crashes: job.crashes + (ending.crash === null ? 0 : 1) };
    default:
      return ending satisfies never;
  }
}

/** Columns of a job at which nothing more happens. */
export function stopped(time: number): Change['set'] {
  return { stage: 'DONE', finished_at: time, eta_seconds: null };
}

/** A write of a worker, on the job that its lease holds. */
type LeasedAct<T> = (tx: Transaction<Tables>, job: LockedJob, ...more: readonly [number, Notify]) => Promise<T>;

/** Runs `act` where the lease holds, and notifies; null, with nothing changed, where it was lost. */
export function underLease<T>(connection: Connection, lease: Lease, act: LeasedAct<T>): Promise<T | null> {
  return commit(connection, async (tx, notify) => {
    const job = await lockLeased(tx, lease);
    if (job === undefined) return null;
    const result = await act(tx, job, await connection.now(tx), notify);
    notify(job.id);
    return result;
  });
}

/** The job of a lease, locked; undefined where another attempt has it or none. */
function lockLeased(tx: Transaction<Tables>, lease: Lease): Promise<LockedJob | undefined> {
  return lockJob(tx, lease.jobId, (eb) =>
    eb('status', 'in', allowedIn('interrupt')).and(
      eb.exists(
        eb
          .selectFrom('attempt')
          .select('attempt.number')
          .where('attempt.job_id', '=', lease.jobId)
          .where('attempt.number', '=', lease.attempt)
          .where('attempt.lease', '=', lease.token)
          .where('attempt.finished_at', 'is', null),
      ),
    ),
  );
}

/** Notes what runs for an attempt. */
export async function saveProcess(connection: Connection, lease: Lease, process: AttemptProcess): Promise<boolean> {
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

/** Says that the worker is still there. Nothing of it is to be seen, so the notifier stays silent. */
export function renew(connection: Connection, lease: Lease): Promise<{ readonly cancelRequested: boolean } | null> {
  return commit(connection, async (tx) => {
    const job = await lockLeased(tx, lease);
    if (job === undefined) return null;
    await tx
      .updateTable('attempt')
      .set({ renewed_at: await connection.now(tx) })
      .where('job_id', '=', job.id)
      .where('number', '=', lease.attempt)
      .execute();
    return { cancelRequested: job.cancel_requested_at !== null };
  });
}

/** Stores what the recording turned out to be. */
export async function saveMedia(connection: Connection, lease: Lease, media: MediaProbe): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    await tx
      .updateTable('media')
      .set({
        duration_seconds: media.durationSeconds,
        container: media.container === null ? null : cleanText(media.container),
        codec: media.codec === null ? null : cleanText(media.codec),
        sample_rate: media.sampleRate,
        channels: media.channels,
        warnings: toJson(media.warnings),
        tracks: toJson(media.tracks),
      })
      .where('id', '=', job.media_id)
      .execute();
    await changeJob(tx, job, { set: {}, facts: await addChannels(tx, job.id), time });
    return true;
  });
  return done ?? false;
}

/** Stores how loud the recording is. */
export async function savePeaks(connection: Connection, lease: Lease, peaks: readonly number[]): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job) => {
    await tx
      .updateTable('media')
      .set({ peaks: toJson(peaks) })
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
export async function saveLanguage(connection: Connection, lease: Lease, language: DetectedLanguage): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    const set = { language_code: cleanText(language.code), language_probability: language.probability };
    await changeJob(tx, job, { set, facts: [{ kind: 'LANGUAGE_DETECTED', language }], time });
    return true;
  });
  return done ?? false;
}

/** Stores what one batch has brought: segments, checkpoint, progress and their events, all or nothing. */
export async function appendBatch(connection: Connection, lease: Lease, batch: Batch): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    if (isThere(batch, job.segment_count)) return true;
    const segments = await saidAfterMerges(tx, job.id, numberSegments(batch.segments, job.segment_count));
    const progress = nextProgress(job, batch.progress);
    const facts: JobFact[] = [...(await insertSegments(tx, job.id, segments))];
    if (segments.length > 0) facts.push({ kind: 'SEGMENTS_ADDED', segments });
    facts.push({ kind: 'PROGRESSED', progress });
    await addEntries(tx, job, segments);
    await addVoices(tx, job.id, batch.voices ?? []);
    const checkpoint = batch.checkpoint === null ? null : toJson(batch.checkpoint);
    const set = { ...progressColumns(progress), segment_count: job.segment_count + segments.length, checkpoint };
    await changeJob(tx, job, { set, facts, time });
    return true;
  });
  return done ?? false;
}

/** Whether a batch that nobody has heard to be kept was kept. */
function isThere({ after, segments }: Batch, count: number): boolean {
  if (after === undefined || after === count) return false;
  if (after + segments.length !== count)
    throw new Error(`A batch comes after ${after} segments, and there are ${count}.`);
  return true;
}

/** Makes a running job begin again, where it could not be gone on with. */
export async function restartTranscript(connection: Connection, lease: Lease): Promise<boolean> {
  const done = await underLease(connection, lease, async (tx, job, time) => {
    await changeJob(tx, job, { set: clearedTranscript, facts: await clearTranscript(tx, job.id), time });
    return true;
  });
  return done ?? false;
}
