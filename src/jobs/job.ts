import { z } from 'zod';
import { languageCodes } from './languages.ts';
import type { Segment, Speaker, StoredSegment } from './transcript.ts';

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
  | { readonly kind: 'TRANSCRIPT_CLEARED'; readonly attempt: number | null }
  | { readonly kind: 'SEGMENTS_CHANGED'; readonly segments: readonly Segment[] }
  | { readonly kind: 'SPEAKERS_CHANGED'; readonly speakers: readonly Speaker[] };

/** A fact with its place: seq is 1, 2, 3 ... within the job, without gaps. */
export type JobEvent = PlacedFact & {
  readonly jobId: string;
  readonly seq: number;
  readonly time: Date;
};

/** What is said of a segment names it, once it has its place. */
type PlacedFact = Exclude<JobFact, OfSegments> | (OfSegments & { readonly segments: readonly StoredSegment[] });

type OfSegments = { readonly kind: 'SEGMENTS_ADDED' } | { readonly kind: 'SEGMENTS_CHANGED' };

export const jobStatuses = ['QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const jobStages = [
  'QUEUED',
  'DOWNLOADING',
  'STARTING',
  'DECODING',
  'DETECTING_LANGUAGE',
  'TRANSCRIBING',
  'DIARIZING',
  'FINISHING',
  'DONE',
] as const;
export type JobStage = (typeof jobStages)[number];

export const transcriptionModes = ['HIGH_ACCURACY', 'LOW_LATENCY', 'TURBO', 'COMPACT'] as const;
export type TranscriptionMode = (typeof transcriptionModes)[number];

export const computePowers = ['AUTO', 'GPU_ONLY', 'CPU_ONLY'] as const;
export type ComputePower = (typeof computePowers)[number];

const tasks = ['TRANSCRIBE', 'TRANSLATE'] as const;
export type Task = (typeof tasks)[number];

const channelModes = ['MIX', 'SPLIT'] as const;
export type ChannelMode = (typeof channelModes)[number];

export type AttemptOutcome = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'INTERRUPTED';

const clipSchema = z
  .object({
    startSeconds: z
      .number()
      .min(0)
      .nullish()
      .transform((seconds) => seconds ?? 0),
    endSeconds: z
      .number()
      .positive()
      .nullish()
      .transform((seconds) => seconds ?? null),
  })
  .refine(({ startSeconds, endSeconds }) => endSeconds === null || endSeconds > startSeconds, {
    path: ['endSeconds'],
    error: 'must be after startSeconds',
  });

/** Part of a recording, in seconds on its own time line; `endSeconds` null = to the end. */
export type Clip = Readonly<z.infer<typeof clipSchema>>;

const speakerCount = z.int().min(1).max(20).nullable().default(null);

/** How many speakers there are; null = not known. */
export const speakerBoundsSchema = z.object({ minSpeakers: speakerCount, maxSpeakers: speakerCount });

/** How many speakers there are. */
export type SpeakerBounds = Readonly<z.infer<typeof speakerBoundsSchema>>;

/**
 * The options of a job, the one place where they are told: their type, what a client may ask for, and, since each has a default, how a job is read
 * that was stored before an option was added.
 */
export const transcriptionOptionsSchema = z.object({
  mode: z.enum(transcriptionModes).default('COMPACT'),
  model: z.string().default('unknown'),
  computePower: z.enum(computePowers).default('AUTO'),
  language: z.enum(languageCodes, 'must be a code of configOptions.languages, such as en').nullable().default(null),
  multilingual: z.boolean().default(false),
  task: z.enum(tasks).default('TRANSCRIBE'),
  wordTimestamps: z.boolean().default(false),
  vad: z.boolean().default(true),
  channels: z.enum(channelModes).default('MIX'),
  initialPrompt: z.string().max(2000).nullable().default(null),
  hotwords: z.string().max(2000).nullable().default(null),
  beamSize: z.int().min(1).max(10).default(5),
  clip: clipSchema.nullable().default(null),
  track: z.int().min(0).max(10_000).nullable().default(null),
  diarize: z.boolean().default(false),
  ...speakerBoundsSchema.shape,
});

/** What was asked for, with every default filled in. */
export type TranscriptionOptions = Readonly<z.infer<typeof transcriptionOptionsSchema>>;

const maxMetadataCharacters = 16_384;

const metadataSchema = z
  .record(z.string().max(100), z.unknown())
  .refine((value) => Object.keys(value).length <= 50, 'must have at most 50 keys')
  .refine(
    (value) => lengthAsJson(value) <= maxMetadataCharacters,
    `must have at most ${maxMetadataCharacters} characters as JSON`,
  );

/** What is nested too deep to be written has no length. */
function lengthAsJson(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}

/** What a client calls a job, and how urgent it is: the one place where it is told, as of the options. */
export const jobLabelsSchema = z.object({
  title: z.string().max(500).nullable().default(null),
  // A tag that is given twice is one.
  tags: z
    .array(z.string().min(1).max(100))
    .max(50)
    .transform((tags): readonly string[] => [...new Set(tags)])
    .default([]),
  metadata: metadataSchema.nullable().default(null),
  priority: z.int().min(-1000).max(1000).default(0),
});

/** What a client calls a job, and how urgent it is. */
export type JobLabels = Readonly<z.infer<typeof jobLabelsSchema>>;

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

/** A track of sound; `index` counts those of a recording from 0. */
export interface AudioTrack {
  readonly index: number;
  readonly title: string | null;
  readonly language: string | null;
  readonly codec: string | null;
  readonly channels: number | null;
  /** The container marks it as the one to play. */
  readonly default: boolean;
  /** It was read. */
  readonly used: boolean;
}

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
  readonly tracks: readonly AudioTrack[];
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
export interface Job extends JobLabels {
  /** `job_` and 21 URL-safe characters. */
  readonly id: string;
  /** Name of the API key that it was submitted with; null where none was needed. */
  readonly owner: string | null;
  readonly status: JobStatus;
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
  /** Whether a text, a time or a speaker of a segment is another than the engine's. */
  readonly edited: boolean;
  /** Number of the newest event. */
  readonly lastEventSeq: number;
  /** Of the last change that clients can see; of two changes, the later has the greater, whatever was done to the clock. */
  readonly updatedAt: Date;
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
  // A job that waits fails where its recording cannot be fetched.
  fail: { QUEUED: 'FAILED', WORKING: 'FAILED' },
  interrupt: { WORKING: 'QUEUED' },
  cancel: { QUEUED: 'CANCELLED', WORKING: 'CANCELLED' },
  retry: { FAILED: 'QUEUED', CANCELLED: 'QUEUED' },
};

/** The status that `act` leads to, or null where it is not allowed in `status`. */
export function nextStatus(status: JobStatus, act: JobAct): JobStatus | null {
  return transitions[act][status] ?? null;
}

/** The statuses in which `act` is allowed: what an adapter puts into its WHERE. */
export function allowedIn(act: JobAct): readonly JobStatus[] {
  return jobStatuses.filter((status) => nextStatus(status, act) !== null);
}

/** Whether nothing more happens to a job in this status by itself. */
export function isFinished(status: JobStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
