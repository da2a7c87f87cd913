import type { Config } from '#src/config/config.ts';
import type { Log } from '#src/logs/log.ts';
import type { MediaStore } from '#src/media/store.ts';
import type { DetectionStore } from '#src/store/detections.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { JobReader, SpeakerStore, Work } from '#src/store/store.ts';
import type { Claim } from '#src/store/work.ts';
import type { Machine } from './engine-request.ts';
import type { Halt } from './outcome.ts';
import type { Standby } from './standby.ts';

/** What jobs are run with. */
export interface RunParts {
  readonly store: Work & SpeakerStore & DetectionStore & Pick<JobReader, 'job' | 'queueCounts'>;
  readonly notifier: Notifier;
  readonly media: Pick<MediaStore, 'open'>;
  readonly config: Config;
  readonly log: Log;
  /** Between two renewals of a lease. */
  readonly renewMs: number;
  /** As `LeaseParts` has it. */
  readonly giveUpMs: number | null;
  /** Pause before a job runs again whose engine crashed; doubled at each crash. */
  readonly retryPauseMs: number;
  readonly machineFor: (model: string) => Promise<Machine>;
  readonly standby: Standby;
}

/** One claim on its way to its end. */
export interface Run {
  readonly parts: RunParts;
  readonly claim: Claim;
  /** Aborted when the server ends the engine itself. */
  readonly halted: AbortSignal;
  /** Ends the engine; only the first reason counts. */
  readonly halt: (reason: Halt, problem?: string) => void;
  /** Why the server ended the engine, null while it has not. */
  readonly reason: () => { readonly halt: Halt; readonly problem: string | null } | null;
}

/** Opens the run of a claim. */
export function openRun(parts: RunParts, claim: Claim): Run {
  const controller = new AbortController();
  let reason: ReturnType<Run['reason']> = null;
  return {
    parts,
    claim,
    halted: controller.signal,
    halt(halt, problem) {
      if (reason !== null) return;
      reason = { halt, problem: problem ?? null };
      parts.log.info({ job: claim.job.id, attempt: claim.lease.attempt, reason: halt, problem }, 'engine is ended');
      controller.abort();
    },
    reason: () => reason,
  };
}
