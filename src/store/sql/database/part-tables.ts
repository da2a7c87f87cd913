import type { Generated } from 'kysely';

/** What is to be read of a recording that several engines read. */
export interface PartTable {
  readonly job_id: string;
  /** 0 is the plan. */
  readonly number: number;
  readonly id: string;
  readonly first_batch: Generated<number>;
  readonly first_clip: Generated<number>;
  readonly first_sample: Generated<number>;
  /** The clip before which it ends; null where it goes to the end. */
  readonly end_clip: number | null;
  /** JSON, as `failure` and `plan`. */
  readonly provenance: string | null;
  /** The token of who has it; null while nobody does. */
  readonly lease: string | null;
  readonly worker: string | null;
  readonly pid: number | null;
  readonly pid_start_time: string | null;
  readonly renewed_at: number | null;
  readonly crashes: Generated<number>;
  readonly processed_seconds: Generated<number>;
  readonly done: Generated<0 | 1>;
  readonly failure: string | null;
  readonly plan: string | null;
}

/** What has come of a batch of a part; JSON. */
export interface PartBatchTable {
  readonly part_id: string;
  readonly batch: number;
  readonly segments: string;
  readonly voices: string;
  readonly checkpoint: string;
}
