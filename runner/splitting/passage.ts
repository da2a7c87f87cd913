import type { Progress } from '#src/jobs/job.ts';
import type { Checkpoint } from '../engine-request.ts';

/** What is known of an engine when it comes by. */
export interface Passer {
  readonly provenance: Readonly<Record<string, unknown>> | null;
  /** Up to where the recording is read. */
  readonly atSeconds: number;
  /** Of the recording, as far as is known. */
  readonly knownSeconds: number;
}

/** GO_ON, or STOP where what comes next is read by others; a number is the clip before which it is to stop, further on. */
export type Course = 'GO_ON' | 'STOP' | number;

/** How far the engine of a job goes. */
export interface Passage {
  /** Its progress at a second of the recording, with that of all who read beside it. */
  beside(progress: Progress, atSeconds: number): Progress;
  /** Asked after each batch that is final. */
  pass(checkpoint: Checkpoint, passer: Passer): Promise<Course>;
}

/** That of an engine which reads alone. */
export const alone: Passage = {
  beside: (progress) => progress,
  pass: async () => 'GO_ON',
};
