import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivals, places } from './clock.ts';

test('arrivals within one millisecond keep their order, and a clock that is set back is followed', () => {
  const times = [10, 10, 10, 11, 20, 19, 5_000, 900, 900];
  const arrival = arrivals(() => times.shift() ?? 0);
  assert.deepEqual(
    Array.from({ length: 9 }, () => arrival()),
    [10, 11, 12, 13, 20, 21, 5_000, 900, 901],
  );
});

test('places follow each other, whatever the clock says', () => {
  const place = places(50);
  assert.deepEqual([10, 60, 60, 20, 7_000, 61].map(place), [51, 60, 61, 62, 7_000, 7_001]);
});
