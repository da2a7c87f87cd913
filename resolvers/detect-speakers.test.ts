import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { anybody, cutBy, told } from '#src/store/contract/speakers.ts';
import { type Notifier, openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { detectSpeakers } from './editing.ts';

/** A store with a job whose speakers can be told again, and what waits for that; `heard` = whether it hears what workers do. */
async function openScene({ heard = true } = {}) {
  const notifier = openNotifier();
  const asked = new EventTarget();
  notifier.listen('queue', () => asked.dispatchEvent(new Event('asked')));
  const store = await openStore({ database: ':memory:', notifier });
  const id = await told(store, ['one fish']);
  const leaving = new AbortController();
  const deaf: Notifier = { ...notifier, listen: () => ({ [Symbol.dispose]: () => undefined }) };
  const detect = async () => {
    const isAsked = once(asked, 'asked');
    const context = { store, notifier: heard ? notifier : deaf, signal: leaving.signal };
    const detecting = detectSpeakers({ jobId: id, maxSpeakers: 1 }, context);
    await isAsked;
    return { detecting };
  };
  return { store, id, detect, leave: () => leaving.abort(), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

async function work(store: Store, id: string): Promise<void> {
  const claim = await store.claimDetection('test');
  assert.ok(claim);
  await store.finishDetection(
    claim.lease,
    cutBy(store, id, () => '1'),
  );
}

for (const heard of [true, false]) {
  test(`a worker ${heard ? '' : 'that is not heard of '}does what was asked for, and the answer has it`, async () => {
    await using scene = await openScene({ heard });
    const { detecting } = await scene.detect();
    await work(scene.store, scene.id);
    const { job } = await detecting;
    assert.deepEqual([job.options.maxSpeakers, job.segmentCount], [1, 1]);
    assert.deepEqual(await scene.store.reapDetections(0), []);
  });
}

test('who leaves before it is begun takes it along', async () => {
  await using scene = await openScene();
  const { detecting } = await scene.detect();
  scene.leave();
  await assert.rejects(detecting, { name: 'AbortError' });
  assert.equal(await scene.store.claimDetection('test'), null);
});

test('who waits is told that the worker is gone, why it could not be done, or that the job is no more', async () => {
  await using scene = await openScene();
  const { store, id, detect } = scene;
  const lost = assert.rejects((await detect()).detecting, {
    code: 'SERVICE_UNAVAILABLE',
    message: /worker .+ is gone/u,
  });
  assert.ok(await store.claimDetection('test'));
  assert.deepEqual(await store.reapDetections(0), [id]);
  await lost;
  const problem = 'The speakers could not be told apart. It fell over.';
  const failed = assert.rejects((await detect()).detecting, { message: problem });
  const claim = await store.claimDetection('test');
  assert.ok(claim && (await store.failDetection(claim.lease, 'It fell over.')));
  await failed;
  const gone = assert.rejects((await detect()).detecting, { code: 'JOB_NOT_FOUND' });
  await store.deleteJob(id);
  await gone;
  assert.equal(await store.requestDetection(id, anybody), null);
});
