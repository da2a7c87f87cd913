import type { Segment } from '../../jobs/transcript.ts';
import type { LineLimits } from './cues.ts';

/** A transcript on its way into a format. */
export interface Transcript extends LineLimits {
  /** Taken one by one as the text is wanted, so that a long transcript is never in memory as a whole. */
  readonly segments: AsyncIterable<Segment> | Iterable<Segment>;
  /** Code of the language; null while it is not known. */
  readonly language: string | null;
  /** Whether formats for reading say who speaks, where it is known. */
  readonly speakers: boolean;
}
