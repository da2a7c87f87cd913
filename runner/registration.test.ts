import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import { openLogRecorder } from './fixtures/harness.ts';
import { startRegistration } from './registration.ts';

const leaseMs = 10_000;
const report = async () =>
  ({
    id: 'a',
    name: 'host:1',
    version: '1',
    slots: 1,
    devices: ['cpu'],
    models: [],
    classes: [],
    engine: null,
  }) as const;

test('a worker is seen while it is there, hears at once that it is to leave, and is gone when it has left', async () => {
  const notifier = openNotifier();
  await using store = await openStore({ database: ':memory:', notifier });
  const { log } = openLogRecorder();
  const [drained, seen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const telling = {
    ...store,
    seeWorker: (...args: Parameters<typeof store.seeWorker>) => store.seeWorker(...args).finally(seen.resolve),
  };
  const everyMs = 1_000_000;
  const registration = startRegistration({ store: telling, notifier, log, report, everyMs, onDrain: drained.resolve });
  await seen.promise;
  assert.equal((await store.workers(leaseMs))[0]?.status, 'READY');
  assert.equal(await store.drainWorker('a'), true);
  await drained.promise;
  assert.equal((await store.workers(leaseMs))[0]?.status, 'DRAINING');
  await registration[Symbol.asyncDispose]();
  assert.deepEqual(await store.workers(leaseMs), []);
});

test('a store that does not answer is told once, and asked again', async () => {
  const notifier = openNotifier();
  await using store = await openStore({ database: ':memory:', notifier });
  const { log, logs } = openLogRecorder();
  const seen = Promise.withResolvers<void>();
  let refusals = 3;
  const failing = {
    ...store,
    async seeWorker(...args: Parameters<typeof store.seeWorker>) {
      if ((refusals -= 1) >= 0) throw new Error('away');
      const answer = await store.seeWorker(...args);
      seen.resolve();
      return answer;
    },
  };
  const registration = startRegistration({
    store: failing,
    notifier,
    log,
    report,
    everyMs: 1,
    onDrain: () => assert.fail('nobody has asked for it'),
  });
  await seen.promise;
  await registration[Symbol.asyncDispose]();
  assert.equal(logs.filter(({ event }) => event === 'worker not registered').length, 1);
});
