import type { Segment } from './transcript.ts';

/** What a numbered fact about a job says; stored as it was, the same at each replay. */
export type JobFact =
  | {
      readonly kind: 'STATUS_CHANGED';
      readonly status: JobStatus;
      /** Null for the first event of a job. */
      readonly previous: JobStatus | null;
      readonly attempt: number | null;
    }
  | { readonly kind: 'PROGRESSED'; readonly progress: Progress }
  | { readonly kind: 'LANGUAGE_DETECTED'; readonly language: DetectedLanguage }
  | { readonly kind: 'SEGMENTS_ADDED'; readonly segments: readonly Segment[] }
  | { readonly kind: 'TRANSCRIPT_CLEARED'; readonly attempt: number };

/** A fact with its place: seq is 1, 2, 3 ... within the job, without gaps. */
export type JobEvent = JobFact & {
  readonly jobId: string;
  readonly seq: number;
  readonly time: Date;
};

/** The words of a job: its states, what was asked for, and which state may follow which. */

export const jobStatuses = ['QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const jobStages = [
  'QUEUED',
  'STARTING',
  'DECODING',
  'DETECTING_LANGUAGE',
  'TRANSCRIBING',
  'FINISHING',
  'DONE',
] as const;
export type JobStage = (typeof jobStages)[number];

export const transcriptionModes = ['HIGH_ACCURACY', 'LOW_LATENCY', 'COMPACT'] as const;
export type TranscriptionMode = (typeof transcriptionModes)[number];

export const computePowers = ['AUTO', 'GPU_ONLY', 'CPU_ONLY'] as const;
export type ComputePower = (typeof computePowers)[number];

export const tasks = ['TRANSCRIBE', 'TRANSLATE'] as const;
export type Task = (typeof tasks)[number];

export const channelModes = ['MIX', 'SPLIT'] as const;
export type ChannelMode = (typeof channelModes)[number];

export type AttemptOutcome = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'INTERRUPTED';

/** Part of a recording, in seconds on its own time line; `endSeconds` null = to the end. */
export interface Clip {
  readonly startSeconds: number;
  readonly endSeconds: number | null;
}

/** What was asked for, with every default filled in. */
export interface TranscriptionOptions {
  readonly mode: TranscriptionMode;
  readonly model: string;
  readonly computePower: ComputePower;
  readonly language: string | null;
  readonly multilingual: boolean;
  readonly task: Task;
  readonly wordTimestamps: boolean;
  readonly vad: boolean;
  readonly channels: ChannelMode;
  readonly initialPrompt: string | null;
  readonly hotwords: string | null;
  readonly beamSize: number;
  readonly clip: Clip | null;
}

/** How far a job is. `fraction` runs from 0 to 1 and is 1 only when the job is COMPLETED. */
export interface Progress {
  readonly stage: JobStage;
  readonly fraction: number;
  readonly processedSeconds: number;
  /** Null until it can be told from at least one finished batch. */
  readonly etaSeconds: number | null;
  /** Seconds of audio per second of wall time over the last batches. */
  readonly speed: number | null;
}

export interface DetectedLanguage {
  readonly code: string;
  /** 0 to 1. */
  readonly probability: number;
}

/**
 * Where a recording is: a copy that the server keeps under this name, which goes when the job goes; or a file under a media root, by the root as
 * config.json names it. Never an absolute path of this machine: a data directory may be moved, or restored on another one.
 */
export type MediaKey = { readonly kept: string } | { readonly root: string; readonly path: string };

/** The recording of a job. */
export interface Media {
  readonly name: string;
  readonly key: MediaKey;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly durationSeconds: number | null;
  readonly container: string | null;
  readonly codec: string | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  readonly warnings: readonly string[];
}

/** Why a job is FAILED, told to a person. */
export interface JobFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string | null;
  readonly retryable: boolean;
}

export const failureCodes = [
  'MEDIA_NOT_FOUND',
  'MEDIA_EMPTY',
  'MEDIA_NO_AUDIO',
  'MEDIA_UNSUPPORTED',
  'MEDIA_CORRUPT',
  'MEDIA_CHANGED',
  'MEDIA_TOO_LONG',
  'MEDIA_TOO_LARGE',
  'DOWNLOAD_FAILED',
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'GPU_UNAVAILABLE',
  'GPU_OUT_OF_MEMORY',
  'OUT_OF_MEMORY',
  'ENGINE_NOT_INSTALLED',
  'ENGINE_CRASHED',
  'ENGINE_STALLED',
  'ENGINE_PROTOCOL',
  'JOB_TIMEOUT',
  'STORAGE_FULL',
  'INTERNAL',
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** A job as it is now. Rows outlive processes. */
export interface Job {
  /** `job_` and 21 URL-safe characters. */
  readonly id: string;
  readonly status: JobStatus;
  readonly title: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  readonly media: Media;
  readonly options: TranscriptionOptions;
  readonly progress: Progress;
  readonly language: DetectedLanguage | null;
  readonly failure: JobFailure | null;
  readonly segmentCount: number;
  /** Number of the newest event. */
  readonly lastEventSeq: number;
}

/** One run of the engine for a job. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly outcome: AttemptOutcome | null;
  readonly device: string | null;
  readonly worker: string;
  readonly provenance: Readonly<Record<string, unknown>> | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly peakMemoryBytes: number | null;
}

/** What can happen to a job. */
export type JobAct = 'claim' | 'complete' | 'fail' | 'interrupt' | 'cancel' | 'retry';

const transitions: Readonly<Record<JobAct, Readonly<Partial<Record<JobStatus, JobStatus>>>>> = {
  claim: { QUEUED: 'WORKING' },
  complete: { WORKING: 'COMPLETED' },
  fail: { WORKING: 'FAILED' },
  interrupt: { WORKING: 'QUEUED' },
  cancel: { QUEUED: 'CANCELLED', WORKING: 'CANCELLED' },
  retry: { FAILED: 'QUEUED', CANCELLED: 'QUEUED' },
};

/** The status that `act` leads to, or null where it is not allowed in `status`. */
export function follow(status: JobStatus, act: JobAct): JobStatus | null {
  return transitions[act][status] ?? null;
}

/** The statuses in which `act` is allowed: what an adapter puts into its WHERE. */
export function allowedIn(act: JobAct): readonly JobStatus[] {
  return jobStatuses.filter((status) => follow(status, act) !== null);
}

/** Whether nothing more happens to a job in this status by itself. */
export function isFinished(status: JobStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
