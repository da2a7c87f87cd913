import type { Segment } from '../../jobs/transcript.ts';
import type { Guidelines } from './guidelines.ts';

/** A transcript on its way into a format. */
export interface Transcript extends Guidelines {
  /** Taken one by one as the text is wanted, so that a long transcript is never in memory as a whole. */
  readonly segments: AsyncIterable<Segment> | Iterable<Segment>;
  /** What the job or its recording is called. */
  readonly title: string;
  /** Code of the language; null while it is not known. */
  readonly language: string | null;
  /** Whether formats for reading say who speaks, where it is known. */
  readonly speakers: boolean;
}
