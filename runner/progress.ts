import type { Progress } from '#src/jobs/job.ts';
import type { LineOf } from './protocol.ts';

/** Only a COMPLETED job is at 1. */
const almost = 0.999;

/** The progress of an attempt that goes on at a checkpoint, or starts from nothing. */
export function startOf(progress: Progress, resumes: boolean): Progress {
  const { fraction, processedSeconds } = resumes ? progress : { fraction: 0, processedSeconds: 0 };
  return { stage: 'STARTING', fraction, processedSeconds, etaSeconds: null, speed: null };
}

/** Progress after an engine's `progress` line: neither it nor the seconds ever go back. */
export function advance(progress: Progress, line: LineOf<'progress'>): Progress {
  return {
    ...progress,
    fraction: Math.max(progress.fraction, Math.min(line.fraction, almost)),
    processedSeconds: Math.max(progress.processedSeconds, line.processedSeconds),
    etaSeconds: line.etaSeconds,
    speed: line.speed,
  };
}
