import type { Config } from '#src/config/config.ts';
import type { Log } from '#src/logs/log.ts';
import type { SampleStore } from '#src/media/samples/samples.ts';
import type { MediaStore } from '#src/media/store.ts';
import type { DetectionStore } from '#src/store/detections.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { PartStore } from '#src/store/parts.ts';
import type { JobReader, SpeakerStore, Work } from '#src/store/store.ts';
import type { Claim } from '#src/store/work.ts';
import type { Machine } from './engine-request.ts';
import type { EndedAttempt, Halt } from './outcome.ts';
import type { Standby } from './standby.ts';

/** What jobs are run with. */
export interface RunParts {
  readonly store: Work & PartStore & SpeakerStore & DetectionStore & Pick<JobReader, 'job' | 'queueCounts'>;
  readonly notifier: Notifier;
  readonly media: Pick<MediaStore, 'open'>;
  readonly samples: SampleStore;
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
  /** Name of this worker. */
  readonly worker: string;
  /** Whether another slot could read parts beside an engine like this one, and they would be done sooner. */
  readonly hasHelpers: (engine: Readonly<Record<string, unknown>>) => boolean;
  /** Ids of the parts of recordings that are read here now. */
  readonly reading: Set<string>;
}

/** An engine's work on its way to its end. */
export interface Running {
  readonly parts: RunParts;
  /** For the log. */
  readonly about: { readonly job: string; readonly attempt?: number; readonly part?: number };
  /** How often the engine was gone at this work before. */
  readonly crashes: number;
  /** Aborted when the server ends the engine itself. */
  readonly halted: AbortSignal;
  /** Ends the engine; only the first reason counts. */
  readonly halt: (reason: Halt, problem?: string) => void;
  /** Why the server ended the engine, null while it has not. */
  readonly reason: () => { readonly halt: Halt; readonly problem: string | null } | null;
}

/** One claim on its way to its end. */
export interface Run extends Running {
  readonly claim: Claim;
}

/** Opens the run of a claim. */
export function openRun(parts: RunParts, claim: Claim): Run {
  const about = { job: claim.job.id, attempt: claim.lease.attempt };
  return { ...openRunning(parts, about, claim.crashes), claim };
}

/** How it ended where no engine was started. */
export function notStarted({ reason, crashes }: Running): EndedAttempt {
  return {
    exit: { exitCode: null, signal: null, problem: null },
    last: null,
    halt: reason()?.halt ?? null,
    problem: reason()?.problem ?? null,
    crashes,
    peakMemoryBytes: null,
    provenance: null,
  };
}

/** Opens what an engine is to work at. */
export function openRunning(parts: RunParts, about: Running['about'], crashes: number): Running {
  const controller = new AbortController();
  let reason: ReturnType<Running['reason']> = null;
  return {
    parts,
    about,
    crashes,
    halted: controller.signal,
    halt(halt, problem) {
      if (reason !== null) return;
      reason = { halt, problem: problem ?? null };
      parts.log.info({ ...about, reason: halt, problem }, 'engine is ended');
      controller.abort();
    },
    reason: () => reason,
  };
}
