import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBatch } from './engine-output.ts';
import { EngineProtocolError, type LineOf } from './protocol.ts';

function segment(batch: number, startSeconds: number): LineOf<'segment'> {
  return {
    type: 'segment',
    batch,
    startSeconds,
    endSeconds: startSeconds + 1,
    text: ' a',
    language: null,
    speaker: 'left',
    avgLogProbability: null,
    noSpeechProbability: null,
    guard: null,
    words: [{ startSeconds, endSeconds: startSeconds + 1, text: ' a', probability: 1 }],
  };
}

const checkpoint = (batch: number): LineOf<'checkpoint'> => ({
  type: 'checkpoint',
  batch,
  processedSeconds: 1,
  resume: {},
});

test('a checkpoint hands the segments of its batch over, and the next batch begins', () => {
  const batch = openBatch(3);
  batch.add(segment(3, 0), 100);
  batch.add(segment(3, 0), 100);
  assert.deepEqual(
    batch.close(checkpoint(3)).segments.map(({ startSeconds, words }) => [startSeconds, words?.[0]?.speaker]),
    [
      [0, 'left'],
      [0, 'left'],
    ],
  );
  assert.equal(batch.isEmpty, true);
  batch.add(segment(4, 5), 100);
  assert.equal(batch.close(checkpoint(4)).segments.length, 1);
});

test('a segment of another batch, or one that starts before the one ahead of it, is refused', () => {
  const batch = openBatch(0);
  batch.add(segment(0, 5), 100);
  assert.throws(() => batch.add(segment(1, 6), 100), EngineProtocolError);
  assert.throws(() => batch.add(segment(0, 4), 100), EngineProtocolError);
  batch.close(checkpoint(0));
  assert.throws(() => batch.add(segment(1, 4), 100), EngineProtocolError);
});

test('a checkpoint from the past or the future is refused', () => {
  const batch = openBatch(2);
  assert.throws(() => batch.close(checkpoint(1)), EngineProtocolError);
  assert.throws(() => batch.close(checkpoint(3)), EngineProtocolError);
});

test('a batch without end is refused, by its number of segments and by its bytes', () => {
  const many = openBatch(0);
  for (let count = 0; count < 20_000; count += 1) many.add(segment(0, count), 1);
  assert.throws(() => many.add(segment(0, 20_000), 1), EngineProtocolError);
  const large = openBatch(0);
  for (let count = 0; count < 16; count += 1) large.add(segment(0, count), 1024 * 1024);
  assert.throws(() => large.add(segment(0, 16), 1), EngineProtocolError);
});
