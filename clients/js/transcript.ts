import type { JobEventsSubscription, SegmentTextFragment } from './operations.ts';

/** A numbered fact about a job. */
export type JobEvent = JobEventsSubscription['jobEvents'];

/** A part of a transcript, with its times in seconds. */
export type Segment = SegmentTextFragment;

/**
 * The segments of a transcript after an event, for a reducer or a setState. What is there already is not added again: a page may read a job, follow it from
 * any event before, and follow it twice, as React's StrictMode does. What somebody has corrected takes the place of what was there.
 */
export function segmentsAfter(segments: readonly Segment[], event: JobEvent): readonly Segment[] {
  if (event.__typename === 'JobTranscriptCleared') return [];
  if (event.__typename === 'JobSegmentsChanged') {
    const changed = new Map(event.segments.map((segment) => [segment.index, segment]));
    return segments.map((segment) => changed.get(segment.index) ?? segment);
  }
  if (event.__typename !== 'JobSegmentsAdded') return segments;
  const added = event.segments.filter(({ index }) => index >= segments.length);
  return added.length === 0 ? segments : [...segments, ...added];
}

/** What speakers are called after an event, by the key that segments have; for a reducer or a setState. */
export function speakersAfter(
  speakers: Readonly<Record<string, string>>,
  event: JobEvent,
): Readonly<Record<string, string>> {
  if (event.__typename !== 'JobSpeakersChanged') return speakers;
  return Object.fromEntries(event.speakers.map(({ key, label }) => [key, label]));
}
