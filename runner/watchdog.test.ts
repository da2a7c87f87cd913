import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startWatchdog, timeLimitSeconds } from './watchdog.ts';

function watch(t: TestContext, limitSeconds = 1000) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: string[] = [];
  const dog = startWatchdog({
    silenceSeconds: 120,
    limitSeconds: () => limitSeconds,
    onHalt: (halt) => told.push(halt),
  });
  t.after(() => dog[Symbol.dispose]());
  return { dog, told };
}

test('silence is told after its time', (t) => {
  const { told } = watch(t);
  t.mock.timers.tick(119_000);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1000);
  assert.deepEqual(told, ['stalled']);
});

test('every word starts the time anew', (t) => {
  const { dog, told } = watch(t);
  for (let minutes = 0; minutes < 10; minutes += 1) {
    t.mock.timers.tick(60_000);
    dog.reset();
  }
  assert.deepEqual(told, []);
});

test('while the server holds the engine up, its silence does not count', async (t) => {
  const { dog, told } = watch(t);
  const work = Promise.withResolvers<string>();
  const excused = dog.excuse(work.promise);
  t.mock.timers.tick(600_000);
  work.resolve('done');
  assert.equal(await excused, 'done');
  t.mock.timers.tick(119_000);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1000);
  assert.deepEqual(told, ['stalled']);
});

test('a job that takes longer than its limit is told', (t) => {
  const { dog, told } = watch(t, 0);
  t.mock.timers.tick(12_000);
  dog.reset();
  assert.deepEqual(told, ['timeout']);
});

test('the limit grows with the recording', () => {
  assert.equal(timeLimitSeconds({ knownSeconds: 11, isFinal: true }), 600);
  assert.equal(timeLimitSeconds({ knownSeconds: 3600, isFinal: true }), 72_000);
  assert.equal(timeLimitSeconds({ knownSeconds: 0, isFinal: false }), 3600);
  assert.equal(timeLimitSeconds({ knownSeconds: 3600, isFinal: false }), 72_000);
});
