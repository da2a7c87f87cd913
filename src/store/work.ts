import type { FailureCode, Job, JobFailure, JobStatus, Media, Progress } from '../jobs/job.ts';
import type { CutSegment, NewSegment } from '../jobs/transcript.ts';

/** The right to write for one attempt. */
export interface Lease {
  readonly jobId: string;
  readonly attempt: number;
  readonly token: string;
}

/** A job taken for a worker; `checkpoint` is the engine's own, null = from the start. */
export interface Claim {
  readonly lease: Lease;
  readonly job: Job;
  readonly checkpoint: unknown;
  /** Attempts since the job was queued by a person that ended with the engine gone: this one is not counted. */
  readonly crashes: number;
  /** The span of the job (W3C Trace Context); null where nobody traces. */
  readonly traceparent: string | null;
}

export interface AttemptProcess {
  readonly pid: number;
  /** Start time of the process as the kernel tells it, so that a pid used again is not mistaken for it. */
  readonly pidStartTime: string | null;
  readonly device: string;
}

/** What the engine found the recording to be. */
export type MediaProbe = Pick<
  Media,
  'durationSeconds' | 'container' | 'codec' | 'sampleRate' | 'channels' | 'warnings' | 'tracks'
>;

/** How the voices of a clip sound: the engine's own. */
export interface Voices {
  readonly clip: number;
  readonly pieces: string;
}

export interface Batch {
  /** How many segments there are before it. One that is there already, since nobody has heard that it was kept, is not written again; where absent each is. */
  readonly after?: number;
  readonly voices?: readonly Voices[];
  readonly segments: readonly NewSegment[];
  readonly checkpoint: unknown;
  readonly progress: Progress;
}

/** The segments of a transcript cut where the speaker changes, in order of what they are parts of. Made anew at each call. */
export type TellSpeakers = () => AsyncIterable<readonly CutSegment[]>;

/** How an attempt ended. */
export type Ending = EndedProcess &
  (
    | {
        readonly kind: 'COMPLETED';
        readonly processedSeconds: number;
        /** Of how many clips voices are kept; null where speakers cannot be told apart by them, and they are forgotten. */ readonly voices?:
          | number
          | null;
        /** What is to be known of the transcript, beside what was known of the recording. */ readonly warnings?: readonly string[];
        /** Of the recording, where it is known that these bytes were read. */ readonly sha256?: string | null;
      }
    | { readonly kind: 'FAILED'; readonly failure: JobFailure }
    | { readonly kind: 'CANCELLED' }
    | {
        readonly kind: 'INTERRUPTED';
        /** Whether it counts as a crash of the engine. */ readonly crash: FailureCode | null;
      }
  );

export interface EndedProcess {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly peakMemoryBytes: number | null;
  readonly provenance: Readonly<Record<string, unknown>> | null;
}

/** An attempt that has not ended, with what is known of its process. */
export interface OpenAttempt {
  readonly jobId: string;
  readonly attempt: number;
  readonly pid: number | null;
  readonly pidStartTime: string | null;
  readonly renewedAt: Date;
}

/** An attempt that was found without a worker, and what its job has become. */
export interface Reaped {
  readonly jobId: string;
  readonly attempt: number;
  readonly status: JobStatus;
}
