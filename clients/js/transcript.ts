import type { JobEventsSubscription, SegmentTextFragment } from './operations.ts';

/** A numbered fact about a job. */
export type JobEvent = JobEventsSubscription['jobEvents'];

/** A part of a transcript, with its times in seconds. */
export type Segment = SegmentTextFragment;

/**
 * The segments of a transcript after an event, for a reducer or a setState. What is there already is not added again: a page may read a job, follow it from
 * any event before, and follow it twice, as React's StrictMode does.
 */
export function segmentsAfter(segments: readonly Segment[], event: JobEvent): readonly Segment[] {
  if (event.__typename === 'JobTranscriptCleared') return [];
  if (event.__typename !== 'JobSegmentsAdded') return segments;
  const added = event.segments.filter(({ index }) => index >= segments.length);
  return added.length === 0 ? segments : [...segments, ...added];
}
