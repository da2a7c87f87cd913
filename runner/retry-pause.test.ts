import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryPauseMs } from './retry-pause.ts';

test('a job that has not crashed does not wait, and each crash doubles the wait up to ten seconds', () => {
  const longest = [0, 1, 2, 3, 4, 5, 100].map((crashes) => retryPauseMs(crashes, 1000, 1));
  assert.deepEqual(longest, [0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('chance takes up to half of a wait away', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => retryPauseMs(2, 1000, random)),
    [1000, 1500, 2000],
  );
});
