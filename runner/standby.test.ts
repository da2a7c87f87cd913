import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '#src/jobs/job.ts';
import { openHarness, textsOf } from './fixtures/harness.ts';
import type { EngineNeeds, Runner } from './runner.ts';

const usual = { mode: 'COMPACT', model: 'base', computePower: 'AUTO' } as const;
const withStandby = { server: { standby: 1 } };

async function prepare(runner: Runner, wanted: EngineNeeds = usual): Promise<void> {
  const kind = await runner.kindFor(wanted);
  assert.ok(kind !== null);
  runner.prepare(kind);
}

test('an engine that waits gets the job, and another takes its place', async () => {
  await using harness = await openHarness('speaks', withStandby);
  const runner = harness.start();
  await prepare(runner);
  assert.equal(runner.state().standby, 1);
  const { id } = await harness.add();
  await harness.until(id, ({ status }) => isFinished(status));
  assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
  assert.equal(runner.state().standby, 1, 'the next one is on its way since the first words are out');
});

test('a job that asks for another kind of engine gets one of its own', async () => {
  await using harness = await openHarness('speaks', withStandby);
  const runner = harness.start({ hasGpu: async () => true });
  await prepare(runner, { ...usual, computePower: 'GPU_ONLY' });
  const { id } = await harness.add({ computePower: 'CPU_ONLY' });
  await harness.until(id, ({ status }) => isFinished(status));
  const [attempt] = await harness.store.attempts(id);
  assert.equal(attempt?.device, 'cpu');
});

test('an engine that dies while it waits is told in the log, and jobs run without it', async () => {
  await using harness = await openHarness('dies-on-standby', withStandby);
  const runner = harness.start();
  await prepare(runner);
  await harness.untilLogged('standby ended');
  assert.equal(runner.state().standby, 0);
  const { id } = await harness.add();
  const job = await harness.until(id, ({ status }) => isFinished(status));
  assert.equal(job.status, 'COMPLETED');
});

test('an engine that waits ends with the runner', async () => {
  await using harness = await openHarness('speaks', withStandby);
  const runner = harness.start();
  await prepare(runner);
  await runner.stop();
  assert.equal(runner.state().standby, 0);
  await prepare(runner);
  assert.equal(runner.state().standby, 0);
});

test('an engine that waits lets go of its model when asked to, and of no other', async () => {
  await using harness = await openHarness('speaks', withStandby);
  const runner = harness.start();
  await prepare(runner);
  await runner.release('medium');
  assert.equal(runner.state().standby, 1);
  await runner.release('base');
  assert.equal(runner.state().standby, 0);
});

test('without the setting no engine waits', async () => {
  await using harness = await openHarness('speaks');
  const runner = harness.start();
  await prepare(runner);
  assert.equal(runner.state().standby, 0);
});

test('where jobs wait the next engine is on its way before the first words are out, and else it is not', async () => {
  await using harness = await openHarness('hangs', withStandby);
  const [first] = [await harness.add(), await harness.add()];
  const runner = harness.start();
  await harness.until(first.id, ({ status }) => status === 'WORKING');
  while (runner.state().standby === 0) await sleep(10);
  await using alone = await openHarness('hangs', withStandby);
  const { id } = await alone.add();
  const other = alone.start();
  await alone.until(id, ({ status }) => status === 'WORKING');
  await sleep(200);
  assert.equal(other.state().standby, 0);
});
