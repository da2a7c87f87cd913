import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAt, isPlannedBy, isSameEngine, joined, partSeconds, rangesAfter, startsOf } from './cut-parts.ts';

const places = Array.from({ length: 9 }, (_, batch) => ({ batch, clip: 3 * batch, sample: batch * 80 * 16_000 }));
const engine = { engine: '8', versions: { av: '18' }, model: { id: 'base', sha256: 'x' }, cpu: 'AVX2', threads: 2 };

test('parts have ten minutes, or a third of the shortest recording that is split', () => {
  assert.deepEqual([30, 60, 3, 0.1].map(partSeconds), [600, 600, 60, 2]);
});

test('a part begins with the first batch that makes the one before it long enough', () => {
  const batchesOf = (seconds: number) => startsOf(places, seconds).map(({ batch }) => batch);
  assert.deepEqual(batchesOf(160), [2, 4, 6, 8]);
  assert.deepEqual(batchesOf(161), [3, 6]);
  assert.deepEqual(batchesOf(1), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(startsOf([], 1), []);
});

test('what is behind the engine of the job is offered, each part up to the next, the last to the end', () => {
  const plan = { starts: startsOf(places, 160), by: {} };
  assert.deepEqual(rangesAfter(plan, 4), [
    { batch: 6, clip: 18, sample: 7_680_000, to: 24 },
    { batch: 8, clip: 24, sample: 10_240_000, to: null },
  ]);
  assert.deepEqual(rangesAfter(plan, 8), []);
});

test('the checkpoint of a part becomes that of the whole, with all that came before it counted', () => {
  const counts = { segments: 5, voices: 2, other_language_ms: { de: 10, fr: 1 } };
  const whole = { batch: 1, resume: { key: 'whole', batch: 2, clip: 4, sample: 9, language: 'en', ...counts } };
  const own = { segments: 3, voices: 4, other_language_ms: { de: 5, es: 7 } };
  const part = { batch: 2, resume: { key: 'part', batch: 3, clip: 7, sample: 20, language: 'en', ...own } };
  assert.deepEqual(joined(whole, part), {
    batch: 2,
    resume: {
      ...whole.resume,
      batch: 3,
      clip: 7,
      sample: 20,
      segments: 8,
      voices: 6,
      other_language_ms: { de: 15, fr: 1, es: 7 },
    },
  });
  const deaf = { ...part, resume: { ...part.resume, voices: null } };
  assert.equal(joined(whole, deaf).resume['voices'], null);
  assert.throws(() => joined(whole, { batch: 2, resume: { batch: 2 } }));
});

test('a part begins where a checkpoint ends, to the sample', () => {
  const start = { batch: 2, clip: 4, sample: 9 };
  const counts = { segments: 5, voices: null, other_language_ms: {} };
  const ends = (changes: object) => isAt({ batch: 1, resume: { ...start, ...counts, ...changes } }, start);
  assert.deepEqual(
    [ends({}), ends({ sample: 8 }), ends({ clip: 5 }), ends({ segments: -1 })],
    [true, false, false, false],
  );
});

test('engines are the same where they write the same, whatever their threads', () => {
  assert.ok(isSameEngine(engine, { ...engine, threads: 7, versions: { av: '18' } }));
  assert.equal(isSameEngine(engine, { ...engine, cpu: 'AVX512' }), false);
  assert.equal(isSameEngine(null, null), false);
  const plan = { starts: [], by: { engine: '8', versions: { av: '18' }, cpu: 'AVX2' } };
  assert.ok(isPlannedBy(plan, engine));
  assert.equal(isPlannedBy(plan, { ...engine, engine: '9' }), false);
});
