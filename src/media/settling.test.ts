import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSettled, lookAgain, mayGrow, type Settling } from './settling.ts';

const file = (bytes: number, ageMs: number) => ({ bytes, modifiedAt: new Date(Date.now() - ageMs) });

test('a file may grow that was written to within three seconds, or by a clock that is ahead', () => {
  assert.deepEqual(
    [0, 2000, -3_600_000].map((age) => mayGrow(file(1, age))),
    [true, true, true],
  );
  assert.deepEqual(
    [3000, 3_600_000].map((age) => mayGrow(file(1, age))),
    [false, false],
  );
});

/** When a file is settled that is looked at every half second. */
function settledAfter(looks: (second: number) => ReturnType<typeof file>): number {
  let settling: Settling | undefined;
  for (let ms = 0; ; ms += 500) {
    settling = lookAgain(settling, looks(ms / 1000), ms);
    if (isSettled(settling, ms)) return ms / 1000;
  }
}

test('a file is settled when its size and its time have been the same for three seconds, and after a minute in any case', () => {
  const quiet = file(1, -60_000);
  assert.equal(
    settledAfter(() => quiet),
    3,
  );
  const touched = file(1, -61_000);
  assert.equal(
    settledAfter((second) => (second < 5 ? quiet : touched)),
    3,
  );
  assert.equal(
    settledAfter((second) => (second < 2 ? quiet : touched)),
    5,
  );
  assert.equal(
    settledAfter((second) => (second < 2 ? quiet : { ...quiet, bytes: 2 })),
    5,
  );
  assert.equal(
    settledAfter((second) => ({ ...quiet, bytes: second })),
    60,
  );
});

test('what is left of the three seconds is waited for', () => {
  assert.ok(Math.abs(settledAfter(() => file(1, 2000)) - 1) <= 0.5);
});
