import assert from 'node:assert/strict';
import { isFinished, type JobStatus } from '../../jobs/job.ts';
import type { Segment, Speaker } from '../../jobs/transcript.ts';
import type { Store } from '../store.ts';
import { eventsOf } from './samples.ts';

/** Proves that a client who only heard the events of a job, from the first to the last, knows its status and its transcript. */
export async function checkStory(store: Store, jobId: string): Promise<void> {
  let status: JobStatus | null = null;
  let segments: readonly Segment[] = [];
  let fraction = 0;
  let speakers: readonly Speaker[] = [];
  const events = await eventsOf(store, jobId);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  for (const event of events) {
    switch (event.kind) {
      case 'STATUS_CHANGED':
        assert.equal(event.previous, status);
        if (event.status === 'WORKING') fraction = 0;
        status = event.status;
        break;
      case 'SEGMENTS_ADDED':
        segments = [...segments, ...event.segments];
        break;
      case 'TRANSCRIPT_CLEARED':
        segments = [];
        fraction = 0;
        break;
      case 'PROGRESSED':
        assert.ok(event.progress.fraction >= fraction && event.progress.fraction < 1);
        fraction = event.progress.fraction;
        break;
      case 'SEGMENTS_CHANGED': {
        const changed = new Map(event.segments.map((segment) => [segment.index, segment]));
        segments = segments.map((segment) => changed.get(segment.index) ?? segment);
        break;
      }
      case 'SPEAKERS_CHANGED':
        speakers = event.speakers;
        break;
      case 'LANGUAGE_DETECTED':
        break;
      default:
        event satisfies never;
    }
  }
  const job = await store.job(jobId);
  assert.deepEqual([job?.status, job?.lastEventSeq, job?.segmentCount], [status, events.length, segments.length]);
  assert.deepEqual(
    (await store.segments(jobId, { limit: 10_000 })).map(({ item }) => item),
    segments,
  );
  const [listed = []] = await store.speakersOf([jobId]);
  assert.deepEqual(
    listed.map(({ key, name }) => [key, name]),
    speakers.map(({ key, name }) => [key, name]),
  );
  assert.equal(job?.finishedAt !== null, job !== null && isFinished(job.status));
  const attempts = await store.attempts(jobId);
  assert.deepEqual(
    attempts.map(({ number }) => number),
    attempts.map((_, index) => index + 1),
  );
  assert.equal(attempts.filter(({ outcome }) => outcome === null).length, job?.status === 'WORKING' ? 1 : 0);
}
