import type { Generated } from 'kysely';

export interface SpeakerTable {
  readonly job_id: string;
  readonly key: string;
  readonly name: string | null;
  /** 1 where the engine has heard it, 0 where somebody has added it: that one goes with its last segment. */
  readonly heard: 0 | 1;
  /** How many segments it has, and how long these are together. */
  readonly segments: number;
  readonly speaking_ms: number;
  /** Who says what this one has said; never one that is merged itself. */
  readonly merged_into: string | null;
}

/** How the voices of a clip sound. No client reads it. */
export interface VoiceTable {
  readonly job_id: string;
  readonly clip: number;
  /** The engine's own, as base64. */
  readonly pieces: string;
}

/** A job whose speakers are to be told apart again, while somebody waits for it. */
export interface DetectionTable {
  readonly id: string;
  readonly job_id: string;
  readonly min_speakers: number | null;
  readonly max_speakers: number | null;
  readonly requested_at: number;
  /** By who waits for it, and once it is claimed by its worker. */
  readonly renewed_at: number;
  /** Null while nobody has claimed it. */
  readonly lease: string | null;
  readonly worker: string | null;
  /** 1 once it is done, or cannot be. */
  readonly ended: Generated<0 | 1>;
  /** Why it cannot be done. */
  readonly problem: string | null;
}
