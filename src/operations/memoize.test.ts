import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoizeFor } from './memoize.ts';

const hourMs = 3_600_000;

test('askers share one answer while it is fresh, and each asks for itself where none may be kept', async () => {
  let count = 0;
  const read = async () => (count += 1);
  const ask = memoizeFor(read, hourMs);
  assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1]);
  assert.equal(await ask(), 1);
  const askAnew = memoizeFor(read, 0);
  assert.deepEqual([await askAnew(), await askAnew()], [2, 3]);
});

test('a failure is told to those who wait for it, and the next asks again', async () => {
  let count = 0;
  const ask = memoizeFor(async () => {
    count += 1;
    if (count === 1) throw new Error('not now');
    return count;
  }, hourMs);
  const waiting = [ask(), ask()];
  for (const each of waiting) await assert.rejects(each, /not now/u);
  assert.equal(await ask(), 2);
});

test('where an answer may be older, nobody waits for the next one', async () => {
  const answers = [Promise.withResolvers<number>(), Promise.withResolvers<number>()] as const;
  let count = 0;
  const ask = memoizeFor(() => answers[count++ % 2]?.promise ?? Promise.reject(new Error('none')), 0, hourMs);
  const first = ask();
  answers[0].resolve(1);
  assert.equal(await first, 1);
  assert.equal(await ask(), 1);
  assert.equal(count, 2);
  answers[1].resolve(2);
  await answers[1].promise;
  assert.equal(await ask(), 2);
});
