import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFinished } from '#src/jobs/job.ts';
import { type Harness, logged, openHarness, textsOf } from './fixtures/harness.ts';
import { signalGroup } from './process/process-group.ts';

const over = { timeout: 30_000 };

/** Runs a job up to its first batch, then stops its engine, as SIGSTOP does: it neither speaks nor hears. */
async function stopEngine(harness: Harness): Promise<string> {
  harness.start();
  const { id } = await harness.add();
  await harness.until(id, ({ segmentCount }) => segmentCount === 2);
  assert.ok(signalGroup(harness.groups[0] ?? 0, 'SIGSTOP'));
  return id;
}

test('an engine that is stopped is ended as stalled, and the job goes on from its checkpoint', over, async () => {
  await using harness = await openHarness('waits', { server: { engineSilenceSeconds: 1 } });
  const id = await stopEngine(harness);
  assert.equal((await harness.until(id, ({ status }) => isFinished(status))).status, 'COMPLETED');
  assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
  assert.equal(logged(harness, 'engine is ended')[0]?.['reason'], 'stalled');
  assert.equal((await harness.store.attempts(id))[0]?.signal, 'SIGKILL');
  assert.deepEqual(await harness.left(), []);
});

test('a job is CANCELLED though its engine is stopped and hears no SIGTERM', over, async () => {
  await using harness = await openHarness('waits');
  const id = await stopEngine(harness);
  await harness.store.cancel(id);
  await harness.until(id, ({ status }) => status === 'CANCELLED');
  assert.deepEqual(await harness.left(), []);
});
