import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFinished } from '#src/jobs/job.ts';
import { type House, logged, openHouse, textsOf } from './fixtures/harness.ts';
import { signalGroup } from './process/process-group.ts';

const over = { timeout: 30_000 };

/** Runs a job up to its first batch, then stops its engine, as SIGSTOP does: it neither speaks nor hears. */
async function stopEngine(house: House): Promise<string> {
  house.start();
  const { id } = await house.add();
  await house.until(id, ({ segmentCount }) => segmentCount === 2);
  assert.ok(signalGroup(house.groups[0] ?? 0, 'SIGSTOP'));
  return id;
}

test('an engine that is stopped is ended as stalled, and the job goes on from its checkpoint', over, async () => {
  await using house = await openHouse('waits', { server: { engineSilenceSeconds: 1 } });
  const id = await stopEngine(house);
  assert.equal((await house.until(id, ({ status }) => isFinished(status))).status, 'COMPLETED');
  assert.deepEqual(await textsOf(house, id), ['one', 'two', 'three']);
  assert.equal(logged(house, 'engine is ended')[0]?.['reason'], 'stalled');
  assert.equal((await house.store.attempts(id))[0]?.signal, 'SIGKILL');
  assert.deepEqual(await house.left(), []);
});

test('a job is CANCELLED though its engine is stopped and hears no SIGTERM', over, async () => {
  await using house = await openHouse('waits');
  const id = await stopEngine(house);
  await house.store.cancel(id);
  await house.until(id, ({ status }) => status === 'CANCELLED');
  assert.deepEqual(await house.left(), []);
});
