import type { DetectedLanguage, JobStatus, Progress } from './job.ts';
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
