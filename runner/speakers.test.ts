import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { Store } from '#src/store/store.ts';
import { checkStory } from '#src/store/contract/check-story.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { openHarness } from './fixtures/harness.ts';

async function linesOf(store: Store, id: string): Promise<readonly string[]> {
  const segments = await store.segments(id, { limit: 100 });
  return segments.map(({ item }) => `${item.speaker}: ${item.text}`);
}

test('a job ends with its speakers, and they are told again when it is asked for', async () => {
  await using harness = await openHarness('speaks');
  const { store, start, add, until } = harness;
  const { id } = await add({ diarize: true });
  const runner = start();
  const job = await until(id, ({ status }) => status === 'COMPLETED');
  assert.deepEqual([job.media.warnings, job.edited], [[], false]);
  assert.deepEqual(await linesOf(store, id), ['1: one', '2: two', '1: three']);
  const retold = await runner.detectSpeakers(id, { minSpeakers: 2, maxSpeakers: 2 });
  assert.deepEqual([retold?.options.minSpeakers, await linesOf(store, id)], [2, ['1: one', '2: two', '1: three']]);
  await checkStory(store, id);
  assert.deepEqual(await harness.left(), []);
});

test('where speakers cannot be told apart the job is COMPLETED with a warning, and who asks again is told', async () => {
  await using harness = await openHarness('confuses-speakers');
  const { store, start, add, until } = harness;
  const { id } = await add({ diarize: true });
  const runner = start();
  const job = await until(id, ({ status }) => status === 'COMPLETED');
  assert.match(job.media.warnings.join(' '), /could not be told apart\. All voices sound the same\./u);
  assert.deepEqual(await linesOf(store, id), ['null: one', 'null: two', 'null: three']);
  const bounds = { minSpeakers: null, maxSpeakers: null };
  await assert.rejects(runner.detectSpeakers(id, bounds), /All voices sound the same/u);
  assert.equal((await store.job(id))?.lastEventSeq, job.lastEventSeq);
  await checkStory(store, id);
  assert.deepEqual(await harness.left(), []);
});

test('a job that is cancelled while its speakers are told apart is CANCELLED, and leaves no process', async () => {
  await using harness = await openHarness('ponders-speakers');
  const { store, start, add, until, groups } = harness;
  const { id } = await add({ diarize: true });
  start({ leaseMs: 150 });
  await until(id, () => groups.length === 2);
  await store.cancel(id);
  await until(id, ({ status }) => status === 'CANCELLED');
  assert.deepEqual(await linesOf(store, id), ['null: one', 'null: two', 'null: three']);
  await checkStory(store, id);
  assert.deepEqual(await harness.left(), []);
});

test('a job whose server stops while its speakers are told apart goes on with the next one, and ends as any other', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const id = await (async () => {
    await using harness = await openHarness('ponders-speakers', { file });
    const { add, until, groups } = harness;
    const job = await add({ diarize: true });
    const runner = harness.start();
    await until(job.id, () => groups.length === 2);
    await runner.stop();
    assert.equal((await harness.store.job(job.id))?.status, 'QUEUED');
    return job.id;
  })();
  await using harness = await openHarness('speaks', { file });
  harness.start();
  await harness.until(id, ({ status }) => status === 'COMPLETED');
  assert.deepEqual(await linesOf(harness.store, id), ['1: one', '2: two', '1: three']);
  await checkStory(harness.store, id);
});
