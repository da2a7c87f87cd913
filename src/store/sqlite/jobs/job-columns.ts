import type { Updateable } from 'kysely';
import type { Progress } from '../../../jobs/job.ts';
import type { Tables } from '../database/tables.ts';
import type { LockedJob } from './change.ts';

type JobColumns = Omit<Updateable<Tables['job']>, 'id' | 'event_seq'>;

const largestOpenFraction = 0.999; // 1 says that the job is COMPLETED

/** A job without its transcript. */
export const clearedTranscript = {
  segment_count: 0,
  checkpoint: null,
  language_code: null,
  language_probability: null,
  fraction: 0,
  processed_seconds: 0,
} as const satisfies JobColumns;

/** A job that waits again: as far as its checkpoint, or at its beginning. */
export function backInQueue(job: LockedJob): JobColumns {
  return {
    status: 'QUEUED',
    stage: 'QUEUED',
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
