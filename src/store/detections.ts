import type { Job, SpeakerBounds } from '../jobs/job.ts';
import type { TellSpeakers } from './work.ts';

/**
 * Jobs whose speakers are to be told apart again. Somebody asks and waits; any worker claims, one at a time a job, and every write of it proves its lease. What
 * nobody waits for is not begun, and what ends with its worker leaves the job as it was.
 */
export interface DetectionStore {
  /** Asks for a COMPLETED job with diarize: the id of what was asked. Null for an unknown job. Throws JobStatusError, and InvalidInputError where it cannot be done. */
  requestDetection(jobId: string, bounds: SpeakerBounds): Promise<string | null>;
  /** Says that somebody still waits, and answers how it stands; null where it is no more: its job was deleted, or its worker is gone. */
  awaitDetection(id: string): Promise<DetectionState | null>;
  /** Nobody waits any more: what is not being worked on is forgotten. */
  withdrawDetection(id: string): Promise<void>;
  /** Takes one of a job of which none is being worked on. Callers take turns, by whose job it is; of one caller the one is first that was asked for first. */
  claimDetection(worker: string): Promise<DetectionClaim | null>;
  /** False where the lease is lost. */
  renewDetection(lease: DetectionLease): Promise<boolean>;
  /**
   * Cuts the transcript anew, with texts that somebody has written, and writes the bounds into the options of the job: TRANSCRIPT_CLEARED, SEGMENTS_ADDED and
   * SPEAKERS_CHANGED. At most 20 times a job, then voices are forgotten. False, with nothing changed, where the lease is lost. Where it throws what `tell` throws,
   * nothing is changed.
   */
  finishDetection(lease: DetectionLease, tell: TellSpeakers): Promise<boolean>;
  /** Ends it with the job as it was. `problem`: a sentence for who waits. False where the lease is lost. */
  failDetection(lease: DetectionLease, problem: string): Promise<boolean>;
  /** Forgets what was not renewed for `leaseMs`, by who waits or by its worker; with 0 everything. The jobs that are worked on no more. */
  reapDetections(leaseMs: number): Promise<readonly string[]>;
}

/** How far it is. */
export type DetectionState =
  | { readonly kind: 'OPEN' }
  | { readonly kind: 'DONE' }
  | { readonly kind: 'FAILED'; readonly problem: string };

/** The right to tell the speakers of a job apart. */
export interface DetectionLease {
  readonly id: string;
  readonly jobId: string;
  readonly token: string;
}

/** What a worker has taken. */
export interface DetectionClaim {
  readonly lease: DetectionLease;
  readonly job: Job;
  readonly bounds: SpeakerBounds;
}
