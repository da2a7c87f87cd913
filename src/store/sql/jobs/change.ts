import {
  type Expression,
  type ExpressionBuilder,
  type RawBuilder,
  sql,
  type SqlBool,
  type Transaction,
  type Updateable,
} from 'kysely';
import type { JobFact, JobStatus, Progress } from '../../../jobs/job.ts';
import { whole } from '../database/dialect.ts';
import { toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import { addMessages } from '../webhooks/outbox.ts';
import { placeOf } from './order.ts';
import { removeParts } from '../work/part-rows.ts';

/** What a change must know of the job that it locked. */
export type LockedJob = NonNullable<Awaited<ReturnType<typeof lockJob>>>;

type Condition = (eb: ExpressionBuilder<Tables, 'job'>) => Expression<SqlBool>;

/**
 * Locks the job that meets the condition until the end of the transaction, by an update that changes nothing, since SQLite has no
 * `for update`. Undefined where none does: then the transaction must change nothing.
 */
export function lockJob(tx: Transaction<Tables>, id: string, condition: Condition) {
  return tx
    .updateTable('job')
    .set((eb) => ({ event_seq: eb.ref('event_seq') }))
    .where('id', '=', id)
    .where(condition)
    .returning((eb) => [
      'id',
      'number',
      'status',
      'title',
      'tags',
      'media_id',
      'api_key_id',
      'caller',
      'priority',
      'arrival',
      'place',
      'settling',
      'event_seq',
      'segment_count',
      'started_at',
      'fraction',
      'processed_seconds',
      'crashes',
      'cancel_requested_at',
      eb('checkpoint', 'is not', null).as('has_checkpoint'),
    ])
    .executeTakeFirst();
}

/** Where nothing more is read of a recording. */
const ends: ReadonlySet<JobStatus> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** What is written about a locked job. */
export interface Change {
  readonly set: JobColumns;
  readonly facts: readonly JobFact[];
  readonly time: number;
}

/**
 * Writes new columns of a locked job and the facts that clients hear of, which take the next numbers without a gap. Every change of status passes here, and with
 * one that ends the job the messages to webhooks are written, and its parts are gone.
 */
export async function changeJob(
  tx: Transaction<Tables>,
  job: { readonly id: string; readonly event_seq: number },
  { set, facts, time }: Change,
): Promise<void> {
  await tx
    .updateTable('job')
    .set({ ...set, event_seq: job.event_seq + facts.length, updated_at: changeTime(time) })
    .where('id', '=', job.id)
    .execute();
  await addFacts(tx, job, { facts, time });
  if (set.status === undefined) return;
  if (ends.has(set.status)) await removeParts(tx, job.id);
  await addMessages(tx, job.id, { status: set.status, time });
}

/** Writes what clients hear of a job, after the events that it has. */
export async function addFacts(
  tx: Transaction<Tables>,
  job: { readonly id: string; readonly event_seq: number },
  { facts, time }: Pick<Change, 'facts' | 'time'>,
): Promise<void> {
  const rows = facts.map(({ kind, ...data }, index) => ({
    job_id: job.id,
    seq: job.event_seq + index + 1,
    time,
    kind,
    data: toJson(data),
  }));
  if (rows.length > 0) {
    // What an edit has written that never came to be gives way.
    await tx
      .insertInto('event')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['job_id', 'seq']).doUpdateSet((eb) => ({
          time: eb.ref('excluded.time'),
          kind: eb.ref('excluded.kind'),
          data: eb.ref('excluded.data'),
        })),
      )
      .execute();
  }
  const cleared = rows.filter(({ kind }) => kind === 'TRANSCRIPT_CLEARED').map(({ job_id, seq }) => ({ job_id, seq }));
  if (cleared.length > 0) await tx.insertInto('cleared').values(cleared).execute();
}

/** The time of a change or a deletion that happens at `time`: later than that of every one before it, also where the clock was set back. */
export function changeTime(time: number): RawBuilder<number> {
  return sql<number>`(
    select max(candidate.time) from (
      select ${whole(time)} as time
      union all select max(updated_at) + 1 from job_updated
      union all select max(deleted.time) + 1 from deleted
    ) as candidate
  )`;
}

/** The fact that a locked job comes to another status, in an attempt or before one. */
export function statusChanged(job: LockedJob, status: JobStatus, attempt: number | null): JobFact {
  return { kind: 'STATUS_CHANGED', status, previous: job.status, attempt };
}

type JobColumns = Omit<Updateable<Tables['job']>, 'id' | 'event_seq' | 'updated_at'>;

const largestOpenFraction = 0.999; // 1 says that the job is COMPLETED

/** A job without its transcript. */
export const clearedTranscript = {
  segment_count: 0,
  revision: 0,
  checkpoint: null,
  language_code: null,
  language_probability: null,
  fraction: 0,
  processed_seconds: 0,
} as const satisfies JobColumns;

/** A job that waits again: as far as its checkpoint, or at its beginning; before all of its priority that are still to begin. */
export function backInQueue(job: LockedJob): JobColumns {
  return {
    status: 'QUEUED',
    stage: 'QUEUED',
    place: placeOf(job.priority, 0),
    eta_seconds: null,
    speed: null,
    ...(job.has_checkpoint ? {} : { fraction: 0, processed_seconds: 0 }),
  };
}

/** The progress of a running job after a report of its worker: numbers only, and the fraction never goes back. */
export function nextProgress(job: LockedJob, report: Progress): Progress {
  const fraction = Number.isFinite(report.fraction) ? report.fraction : 0;
  return {
    stage: report.stage,
    fraction: Math.max(job.fraction, Math.min(fraction, largestOpenFraction)),
    processedSeconds: finite(report.processedSeconds) ?? job.processed_seconds,
    etaSeconds: finite(report.etaSeconds),
    speed: finite(report.speed),
  };
}

/** The columns of a progress. */
export function progressColumns(progress: Progress): JobColumns {
  return {
    stage: progress.stage,
    fraction: progress.fraction,
    processed_seconds: progress.processedSeconds,
    eta_seconds: progress.etaSeconds,
    speed: progress.speed,
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
