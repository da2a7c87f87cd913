import type { JobFilter, JobOrder } from '../jobs/job-filter.ts';
import type {
  Attempt,
  DetectedLanguage,
  Job,
  JobEvent,
  JobFailure,
  JobLabels,
  Media,
  MediaKey,
  Progress,
  TranscriptionOptions,
} from '../jobs/job.ts';
import type { EngineIdentity } from '../jobs/provenance.ts';
import type { Segment, SegmentEdit, Speaker, StoredSegment } from '../jobs/transcript.ts';
import type { Serves } from '../jobs/worker.ts';
import type { SearchQuery } from '../transcripts/search/query.ts';
import type { ApiKeyStore } from './api-keys.ts';
import type { ChangeReader } from './changes.ts';
import type { DetectionStore } from './detections.ts';
import type { SharedLimits } from './limits.ts';
import type { LogEntry, LogStore } from './logs.ts';
import type { JobPage, Keyed, Page } from './page.ts';
import type { PartStore } from './parts.ts';
import type { WebhookStore } from './webhooks.ts';
import type { WorkerStore } from './workers.ts';
import type {
  AttemptProcess,
  Batch,
  Claim,
  Ending,
  Lease,
  MediaProbe,
  OpenAttempt,
  Reaped,
  TellSpeakers,
  Voices,
} from './work.ts';

/**
 * Where jobs, segments, events, logs and settings are kept. It speaks of jobs, not of rows: every adapter passes store.contract.ts.
 *
 * A state change, its events and the growth of the job's event number are one transaction; listeners are told after the commit.
 */
export interface Store
  extends
    JobWriter,
    JobSettler,
    JobDownloads,
    JobRemover,
    TranscriptEditor,
    SpeakerStore,
    DetectionStore,
    JobReader,
    JobBatchReader,
    ChangeReader,
    SegmentSearch,
    Work,
    PartStore,
    LogStore,
    SettingStore,
    WorkerStore,
    ApiKeyStore,
    WebhookStore,
    AsyncDisposable {
  /** Whether opening it has made it: then it knows nothing of what else lies in the data directory. */
  readonly isNew: boolean;
  /** Whether other processes take jobs from it, too. */
  readonly isShared: boolean;
  /** Null where one process has the database: it counts by itself. */
  readonly limits: SharedLimits | null;
  /** Proves that the database takes a write. Throws where it does not. */
  probe(): Promise<void>;
}

/** What clients change. */
export interface JobWriter {
  /**
   * Adds a QUEUED job with event 1; with a known idempotency key of the same caller within 24 h the first job is returned, and with `reuse` the
   * newest COMPLETED one that it would repeat. Throws QueueFullError where as many jobs wait already as `limits` allow.
   */
  addJob(job: NewJob, limits?: QueueLimits): Promise<{ readonly job: Job; readonly existing: boolean }>;
  /**
   * QUEUED becomes CANCELLED at once; WORKING gets `cancelRequestedAt` and can from then on only become CANCELLED. Idempotent.
   * Null = unknown id. A job that is COMPLETED or FAILED comes back as it is.
   */
  cancel(id: string): Promise<Job | null>;
  /**
   * FAILED or CANCELLED becomes QUEUED with a new count of crashes, from its checkpoint or, `fromStart`, with segments and checkpoint
   * deleted and TRANSCRIPT_CLEARED written. `refused` where the status does not allow it. Null = unknown id. Throws QueueFullError where
   * as many jobs wait already as `limits` allow. `settling`: its recording has another size than it had, which is looked at first. A recording that is given
   * by URL and is not there yet is fetched.
   * `traceparent`: the span that it has from now on.
   */
  retry(
    id: string,
    fromStart: boolean,
    how?: { readonly limits?: QueueLimits; readonly settling?: boolean; readonly traceparent?: string | null },
  ): Promise<{ readonly job: Job; readonly refused: boolean } | null>;
  /**
   * Writes what a client calls a job; what is absent stays. A new priority gives a QUEUED job another place. It is a change, but no event. Null = unknown
   * id.
   */
  updateJob(id: string, labels: Partial<JobLabels>): Promise<Job | null>;
}

/** What waits for recordings that are still written to. Their jobs are QUEUED, and not given out. */
export interface JobSettler {
  /** The jobs that are QUEUED and wait, in the order in which they came. */
  settling(): Promise<readonly { readonly id: string; readonly key: MediaKey }[]>;
  /** Lets a job be given out, with the size of its recording as it is now; null leaves what was known. Nothing where it does not wait. */
  settle(id: string, bytes: number | null): Promise<void>;
}

/**
 * What fetches recordings that are given by URL. Their jobs are QUEUED, and not given out. Where several nodes share the database one of them fetches a recording, and one
 * recording of a caller is fetched at a time. Each write answers false where a job does not wait for it any more, or another node fetches it.
 */
export interface JobDownloads {
  /** Of each caller for whom no other node fetches one the job whose recording is to be fetched first, in the order of the queue. */
  waitingDownloads(): Promise<readonly WaitingDownload[]>;
  /** Takes a job's recording for this node, for `leaseMs` or until it is renewed, with a PROGRESSED event. Null where it is not to be had. What another node had fetched of it is begun anew. */
  claimDownload(id: string, leaseMs: number): Promise<WaitingDownload | null>;
  /** Says that this node still fetches it; false where another one does. */
  renewDownload(id: string, leaseMs: number): Promise<boolean>;
  /** Leaves it to whoever comes. */
  releaseDownload(id: string): Promise<void>;
  /** Notes by what the bytes that come are told from those of another version, and what the recording is called (null: as it is). */
  beginDownload(
    id: string,
    found: Pick<WaitingDownload, 'validator'> & { readonly name: string | null },
  ): Promise<boolean>;
  /** Stores how much is there, from 0 to 1, with a PROGRESSED event. */
  progressDownload(id: string, fraction: number): Promise<boolean>;
  /** The recording is there: the job may be given out, and its URL is forgotten. */
  finishDownload(id: string, recording: { readonly bytes: number; readonly sha256: string }): Promise<boolean>;
  /** The job is FAILED. Its URL stays, for a retry. */
  failDownload(id: string, failure: JobFailure): Promise<boolean>;
}

/** A recording that is to be fetched. */
export interface WaitingDownload {
  readonly id: string;
  readonly caller: string;
  /** The name under which it is kept. */
  readonly kept: string;
  /** With its secrets. */
  readonly url: string;
  /** Of the bytes that have come; null where nothing tells them from those of another version. */
  readonly validator: string | null;
}

/** What takes jobs away. */
export interface JobRemover {
  /**
   * Removes a job, unless it is WORKING (`refused`): it is unknown at once, with its attempts, events, segments and log lines, which go
   * slice by slice, so that a long job holds nobody up. `kept`: the name of the copy of a recording that only this job had, now nobody's. Null =
   * unknown id.
   */
  deleteJob(id: string): Promise<Deleted | null>;
  /** Ids of jobs that were finished before a time, the oldest first. */
  finishedBefore(time: Date, limit: number): Promise<readonly string[]>;
  /** Removes what is left of deleted jobs: by a process that ended meanwhile, and log lines that came late. */
  finishDeletions(): Promise<void>;
}

/** What corrects transcripts. Each answers null for an unknown id, and throws InvalidInputError, having changed nothing, where it is asked for what cannot be. */
export interface TranscriptEditor {
  /**
   * Changes segments of a job that has ended, all or none, whatever happens meanwhile. All of them are told by SEGMENTS_CHANGED, also those that are as before.
   * `seenSeq`: the last event that the client has seen: indexes of an earlier transcript are refused. Throws JobStatusError where the job has not ended.
   */
  editSegments(id: string, edits: readonly SegmentEdit[], seenSeq: number | null): Promise<Edited | null>;
  /** Makes segments, or all of them where `indexes` is null, what the engine heard; those that are already are not told. Else as `editSegments`. */
  revertSegments(id: string, indexes: readonly number[] | null, seenSeq: number | null): Promise<Edited | null>;
  /** Names a speaker, in every status; null = no name. SPEAKERS_CHANGED tells it. */
  renameSpeaker(
    id: string,
    key: string,
    name: string | null,
  ): Promise<{ readonly job: Job; readonly speaker: Speaker } | null>;
}

/** What tells speakers apart, and who is whom. Null for an unknown id. */
export interface SpeakerStore {
  /** How the voices of a job sound: those of some clips after one, in order. */
  voices(id: string, afterClip: number): Promise<readonly Voices[]>;
  /** The transcript as it was before it was cut where speakers change: some segments after one, in order. */
  heardSegments(id: string, afterIndex: number): Promise<readonly Segment[]>;
  /** Has one speaker say what others say, of a job that has ended: SEGMENTS_CHANGED and SPEAKERS_CHANGED. Else as `editSegments`. */
  mergeSpeakers(id: string, merge: SpeakerMerge, seenSeq: number | null): Promise<Job | null>;
}

/** Who is one and the same. */
export interface SpeakerMerge {
  readonly keys: readonly string[];
  readonly into: string;
}

/** A job whose transcript was corrected, and the segments that were named, or else the first 500 that were changed, in order. */
export interface Edited {
  readonly job: Job;
  readonly segments: readonly StoredSegment[];
}

/** What clients look at. */
export interface JobReader {
  job(id: string): Promise<Job | null>;
  /** Newest first, by (createdAt, id), or those that changed last first: of each order the keys are its own. */
  jobs(filter: JobFilter, page: Page, order?: JobOrder): Promise<readonly Keyed<Job>[]>;
  countJobs(filter: JobFilter): Promise<number>;
  /** Seconds of audio that the jobs of a caller have which were accepted from a time on, deleted ones included, as far as their length is known. */
  secondsSince(callerId: string | null, time: Date): Promise<number>;
  queueCounts(): Promise<QueueCounts>;
  /** Names of the recordings that jobs have copies of; a key is the recording's id. */
  keptMedia(page: Page): Promise<readonly Keyed<string>[]>;
  /** How fast jobs go. */
  pace(): Promise<Pace>;
  /** In the order of the index; a key is the index. */
  segments(jobId: string, page: Page): Promise<readonly Keyed<StoredSegment>[]>;
  attempts(jobId: string): Promise<readonly Attempt[]>;
  /** Events with a greater seq, in order, at most `limit`, and of large ones fewer, but for the last. */
  events(jobId: string, afterSeq: number, limit: number): Promise<readonly JobEvent[]>;
}

/**
 * What clients look at of many jobs at once, with fewer questions to the database than there are jobs. Answers stand in the order of what was
 * asked for, which may be the same more than once.
 */
export interface JobBatchReader {
  /** Null where there is none. */
  jobsById(ids: readonly string[]): Promise<readonly (Job | null)[]>;
  /**
   * 1 = next to run; null when not queued, and while its recording is fetched. The order: higher priority first; of one priority those that were begun already, then the callers
   * take turns; of one caller the order of arrival. `classes`: among the jobs of these alone.
   */
  queuePositions(ids: readonly string[], classes?: readonly string[]): Promise<readonly (number | null)[]>;
  /** How loud the recordings of jobs are; null where that was not found out. */
  peaksOf(jobIds: readonly string[]): Promise<readonly (readonly number[] | null)[]>;
  attemptsOf(jobIds: readonly string[]): Promise<readonly (readonly Attempt[])[]>;
  /** Who speaks in the transcripts of jobs, in the order of the keys. */
  speakersOf(jobIds: readonly string[]): Promise<readonly (readonly Speaker[])[]>;
  /** Pages as `segments` gives them. */
  segmentsOf(pages: readonly JobPage[]): Promise<readonly (readonly Keyed<StoredSegment>[])[]>;
  /** Pages as `logs` gives them. */
  logsOf(pages: readonly JobPage[]): Promise<readonly (readonly Keyed<LogEntry>[])[]>;
}

/** What a worker does. Every write proves its lease; one that was lost changes nothing and answers false. */
export interface Work {
  /** Takes the next QUEUED job that the worker serves, which is its caller's turn: WORKING, with its attempt row written, or null when there is none. */
  claim(worker: string, serves?: Serves): Promise<Claim | null>;
  /** Notes what runs for the attempt. */
  saveProcess(lease: Lease, process: AttemptProcess): Promise<boolean>;
  /** Renews the lease, and tells whether a cancel was asked for; null = the lease is lost. */
  renew(lease: Lease): Promise<{ readonly cancelRequested: boolean } | null>;
  /** Stores what the recording turned out to be. */
  saveMedia(lease: Lease, media: MediaProbe): Promise<boolean>;
  /** Stores how loud the recording is from its beginning to its end, at most 4,000 values from 0 to 1. */
  savePeaks(lease: Lease, peaks: readonly number[]): Promise<boolean>;
  /** Stores a change of stage, with a PROGRESSED event. */
  enterStage(lease: Lease, progress: Progress): Promise<boolean>;
  /** Stores the language, with a LANGUAGE_DETECTED event. */
  saveLanguage(lease: Lease, language: DetectedLanguage): Promise<boolean>;
  /** Segments, checkpoint and progress of one batch with their events, in one transaction. */
  appendBatch(lease: Lease, batch: Batch): Promise<boolean>;
  /** Deletes the segments and the checkpoint of a job whose resume was refused, with a TRANSCRIPT_CLEARED event. */
  clearTranscript(lease: Lease): Promise<boolean>;
  /**
   * Ends the attempt and moves the job on. Where a cancel was asked for, the job becomes CANCELLED whatever `ending` says. The process
   * group of the attempt must be gone. `tell`: with it the segments are cut anew, in the same transaction, with TRANSCRIPT_CLEARED, SEGMENTS_ADDED and SPEAKERS_CHANGED;
   * where it throws, nothing is changed and it is thrown.
   */
  finish(lease: Lease, ending: Ending, tell?: TellSpeakers): Promise<boolean>;
  /**
   * The attempts that have not ended and whose lease was not renewed for `leaseMs`, whoever ran them; with 0 all that have not ended. What their worker
   * has started may live on.
   */
  expiredAttempts(leaseMs: number): Promise<readonly OpenAttempt[]>;
  /**
   * Ends as INTERRUPTED those of the given attempts that are still open and were not renewed since, and gives their jobs back to the queue (or
   * CANCELLED where that was asked for). Their process groups must be gone.
   */
  reap(orphans: readonly OpenAttempt[]): Promise<readonly Reaped[]>;
}

/** Overrides of config.json that setConfig stored, and what the server keeps for itself. */
export interface SettingStore {
  settings(): Promise<readonly StoredSetting[]>;
  /** Writes the given keys; undefined removes a key, null is a value. */
  changeSettings(changes: Readonly<Record<string, unknown>>, changedBy: string): Promise<void>;
  /** Stores a value of the server's own, unless there is one: answers what stands from then on. It is not among the settings. */
  keepOnce(key: string, value: string): Promise<string>;
  /** A value of the server's own; null where none was stored. */
  kept(key: string): Promise<string | null>;
}

/** What became of a job that was to be deleted. */
export type Deleted =
  | { readonly refused: false; readonly kept: string | null }
  | { readonly refused: true; readonly job: Job };

/** How many jobs may wait, in all and of one caller. */
export interface QueueLimits {
  readonly maxQueued?: number;
  readonly maxQueuedPerCaller?: number;
}

export interface NewJob extends JobLabels {
  readonly options: TranscriptionOptions;
  readonly media: Pick<Media, 'name' | 'key' | 'bytes' | 'sha256'>;
  /** Its recording may still be written to: it is not given out before `settle`. */
  readonly settling?: boolean;
  /** Where its recording is fetched from, with the secrets in it: it is not given out before `finishDownload`. */
  readonly url?: string;
  readonly idempotencyKey: string | null;
  /** Who sent it, such as the id of an API key: callers share the queue evenly. Null = nobody has told, which counts as one caller. */
  readonly callerId: string | null;
  /** Who is told of its end, beside the webhooks. */
  readonly callbackUrl?: string | null;
  /** The span of the job (W3C Trace Context). */
  readonly traceparent?: string | null;
  /** Where a finished job of the same caller and options may stand for it: the SHA-256 of its recording, and the engine that it would run on. */
  readonly reuse?: { readonly sha256: string; readonly engine: EngineIdentity };
}

export interface QueueCounts {
  readonly queued: number;
  readonly working: number;
  readonly oldestQueuedAt: Date | null;
}

/** What tells when a job that waits will begin. */
export interface Pace {
  /** Mean time that the attempts which completed their job last took; null before the first. */
  readonly jobSeconds: number | null;
  /** The attempts that run, with what their progress says of their end. */
  readonly working: readonly { readonly startedAt: Date; readonly etaSeconds: number | null; readonly needs: string }[];
}

export interface StoredSetting {
  readonly key: string;
  readonly value: unknown;
  readonly changedAt: Date;
  readonly changedBy: string;
}

/** Finds segments by their words. Each is found from the moment that it is stored, and never once its job or transcript is gone. */
export interface SegmentSearch {
  /**
   * Segments that have all that is wanted and nothing that is unwanted, of jobs that match the filter. Those that have every word as such come
   * before those that have one only inside a longer word; of both, `searchBlock` of the newest at a time are compared, the best first.
   * Throws SERVICE_UNAVAILABLE where it takes too long.
   */
  search(
    query: SearchQuery,
    filter: JobFilter,
    page: Pick<Page, 'limit' | 'after'>,
  ): Promise<readonly Keyed<FoundSegment>[]>;
  /** Indexes some of the segments that were stored before there was an index; how many, or null when none are left. */
  indexOlder(): Promise<number | null>;
}

/** How many of the newest matches are compared with one another. */
export const searchBlock = 1000;

/** A segment that was found, and its job. */
export interface FoundSegment {
  readonly job: Job;
  readonly segment: StoredSegment;
}
