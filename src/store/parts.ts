import type { Job, JobFailure } from '../jobs/job.ts';
import type { NewSegment } from '../jobs/transcript.ts';
import type { Serves } from '../jobs/worker.ts';
import type { AttemptProcess, Lease, MediaProbe, Voices } from './work.ts';

/** Where a part begins, in the numbers of the plan; its sound starts at `sample` (16 kHz). */
export interface PartStart {
  readonly batch: number;
  readonly clip: number;
  readonly sample: number;
}

/** What is to be read as a part; `to` is the clip before which it ends, null = at the end of the recording. */
export interface PartRange extends PartStart {
  readonly to: number | null;
}

/** Where a recording may be cut, and by which engine's reckoning. */
export interface PartPlan {
  readonly starts: readonly PartStart[];
  readonly by: Readonly<Record<string, unknown>>;
  readonly whole: WholeRecording;
}

/** What a recording was found to be that was decoded from its beginning to its end. */
export interface WholeRecording {
  readonly media: MediaProbe;
  /** Null where its end was not wanted. */
  readonly peaks: readonly number[] | null;
  /** How far it was read. */
  readonly readSeconds: number;
  /** Whether there is no sound in it. */
  readonly isSilent: boolean;
}

/** The right to write for one part. */
export interface PartLease {
  readonly id: string;
  readonly jobId: string;
  readonly token: string;
}

/** A part taken for a worker, or the plan, which has no range. */
export interface PartClaim {
  readonly lease: PartLease;
  readonly job: Job;
  readonly number: number;
  readonly range: PartRange | null;
  /** Of the engine that reads the recording from its beginning: only one of the same may read a part, and one that cuts the same may plan. */
  readonly provenance: Readonly<Record<string, unknown>> | null;
  /** Of its last batch that is stored, as the engine said it; null = from its start. */
  readonly checkpoint: unknown;
  /** How often its engine was gone before this. */
  readonly crashes: number;
}

/** A part as the worker of its job sees it. */
export interface Part {
  readonly id: string;
  readonly number: number;
  readonly range: PartRange;
  readonly state: 'FREE' | 'TAKEN' | 'DONE';
  /** Of the engines that may read it. */
  readonly provenance: Readonly<Record<string, unknown>> | null;
  /** Of its own sound. */
  readonly processedSeconds: number;
  /** Why nobody can read it. */
  readonly failure: JobFailure | null;
  readonly plan: PartPlan | null;
}

/** What one batch of a part has brought. */
export interface PartBatch {
  readonly batch: number;
  readonly segments: readonly NewSegment[];
  readonly voices: readonly Voices[];
  readonly checkpoint: unknown;
}

/** A part that somebody has, with what is known of the process. */
export interface OpenPart {
  readonly id: string;
  readonly jobId: string;
  readonly number: number;
  readonly pid: number | null;
  readonly pidStartTime: string | null;
  readonly renewedAt: Date;
}

/** Of what jobs a worker takes parts. */
export interface PartChoice {
  /** Of this job alone; of any that runs where absent. */
  readonly jobId?: string;
  /** Of none of these. */
  readonly except?: readonly string[];
  /** Of jobs that it would take. */
  readonly serves?: Serves;
}

/**
 * Recordings that several engines read. The worker of the job says what is to be read, and is the only one that writes to the job; who has a part writes to the part.
 * Every write proves its lease; one that was lost changes nothing and answers false. Parts are gone when their job has ended, or its transcript is cleared.
 */
export interface PartStore {
  /** Asks for the plan of a job, once, made as an engine like this one cuts. */
  askForPlan(lease: Lease, provenance: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Says what may be read as parts, and by which engines, in the place of all parts that there are but the plan. */
  offerParts(
    lease: Lease,
    ranges: readonly PartRange[],
    provenance: Readonly<Record<string, unknown>>,
  ): Promise<boolean>;
  /** Takes a part back that nobody has and nothing has come of. False where somebody has it, or it is done. */
  withdrawPart(lease: Lease, id: string): Promise<boolean>;
  /** Takes a part away of which everything is in the transcript. */
  closePart(lease: Lease, id: string): Promise<boolean>;
  /** Takes all parts away, and the plan. */
  dropParts(lease: Lease): Promise<boolean>;
  /** The parts of a job in their order; the plan is not among them. */
  parts(jobId: string): Promise<readonly Part[]>;
  /** What was asked for with `askForPlan`. */
  plan(jobId: string): Promise<Part | null>;
  /** What has come of a part, after a batch, some at a time. */
  partBatches(id: string, afterBatch: number): Promise<readonly PartBatch[]>;
  /** Takes a part, or a plan, that nobody has of a job that runs, the first job and part first; null where there is none. */
  claimPart(worker: string, choice?: PartChoice): Promise<PartClaim | null>;
  /** Notes what runs for a part. */
  savePartProcess(lease: PartLease, process: Omit<AttemptProcess, 'device'>): Promise<boolean>;
  renewPart(lease: PartLease): Promise<boolean>;
  /** Keeps what a batch has brought; `processedSeconds` of the part are done with it. */
  appendToPart(lease: PartLease, batch: PartBatch, processedSeconds: number): Promise<boolean>;
  /** A part is read, or the plan made. */
  finishPart(lease: PartLease, plan?: PartPlan): Promise<boolean>;
  /** Gives a part back, with what has come of it: for another, or with why nobody can read it. */
  leavePart(
    lease: PartLease,
    why: { readonly crashed: boolean; readonly failure: JobFailure | null },
  ): Promise<boolean>;
  /** The parts whose lease was not renewed for `leaseMs`; with 0 all that somebody has. */
  expiredParts(leaseMs: number): Promise<readonly OpenPart[]>;
  /** Gives those of the given parts back that were not renewed since. Their process groups must be gone. */
  freeParts(parts: readonly OpenPart[]): Promise<void>;
  /** Removes some of what has come of parts that are gone; how much. */
  removeStaleBatches(): Promise<number>;
}
