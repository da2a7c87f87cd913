import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobEvent, type Segment, segmentsAfter, speakersAfter } from './transcript.ts';

const job = { id: 'job_1', status: 'COMPLETED', progress: { stage: 'DONE', fraction: 1 } } as const;
const common = { time: '2026-01-01T00:00:00.000Z', job };
const segment = (index: number, text: string): Segment => {
  return { index, text, startSeconds: index, endSeconds: index + 1, speaker: null, language: null };
};

const events: readonly JobEvent[] = [
  { __typename: 'JobSegmentsAdded', seq: 1, ...common, segments: [segment(0, 'void')] },
  { __typename: 'JobTranscriptCleared', seq: 2, ...common, attempt: 1 },
  { __typename: 'JobSpeakersChanged', seq: 3, ...common, speakers: [{ id: '1', key: '1', label: 'Speaker 1' }] },
  { __typename: 'JobSegmentsAdded', seq: 4, ...common, segments: [segment(0, 'one'), segment(1, 'too')] },
  { __typename: 'JobSegmentsChanged', seq: 5, ...common, segments: [segment(1, 'two')] },
  { __typename: 'JobSpeakersChanged', seq: 6, ...common, speakers: [{ id: '1', key: '1', label: 'Anna' }] },
  { __typename: 'JobSegmentsAdded', seq: 7, ...common, segments: [segment(2, 'three')] },
];

test('events make a transcript, with what was cleared gone and what was corrected in its place, also where they come again', () => {
  const once = events.reduce(segmentsAfter, []);
  assert.deepEqual(
    once.map(({ text }) => text),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(events.slice(3).reduce(segmentsAfter, once), once);
  assert.deepEqual(events.reduce(speakersAfter, {}), { 1: 'Anna' });
});
