import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { SpeakerBounds } from '#src/jobs/job.ts';
import { subscribe } from '#src/store/notifier.ts';
import type { Store } from '#src/store/store.ts';
import { checkStory } from '#src/store/contract/check-story.ts';
import { everythingOf } from '#src/store/contract/samples.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { type Harness, openHarness } from './fixtures/harness.ts';

async function linesOf(store: Store, id: string): Promise<readonly string[]> {
  const segments = await store.segments(id, { limit: 100 });
  return segments.map(({ item }) => `${item.speaker}: ${item.text}`);
}

const anybody = { minSpeakers: null, maxSpeakers: null };

/** Asks for it, and how it ended: why not where it was not done. */
async function detect({ store, notifier }: Harness, id: string, bounds: SpeakerBounds): Promise<string> {
  using subscription = subscribe(notifier, 'job', id);
  const detection = await store.requestDetection(id, bounds);
  assert.ok(detection);
  for (;;) {
    const state = await store.awaitDetection(detection);
    if (state?.kind !== 'OPEN') return state?.kind === 'FAILED' ? state.problem : (state?.kind ?? 'GONE');
    await subscription.changes(new AbortController().signal);
  }
}

test('a job ends with its speakers, and they are told again when it is asked for', async () => {
  await using harness = await openHarness('speaks');
  const { store, start, add, until } = harness;
  const { id } = await add({ diarize: true });
  start();
  const job = await until(id, ({ status }) => status === 'COMPLETED');
  assert.deepEqual([job.media.warnings, job.edited], [[], false]);
  assert.deepEqual(await linesOf(store, id), ['1: one', '2: two', '1: three']);
  assert.equal(await detect(harness, id, { minSpeakers: 2, maxSpeakers: 2 }), 'DONE');
  const retold = await store.job(id);
  assert.deepEqual([retold?.options.minSpeakers, await linesOf(store, id)], [2, ['1: one', '2: two', '1: three']]);
  await checkStory(store, id);
  assert.deepEqual(await harness.left(), []);
});

test('where speakers cannot be told apart the job is COMPLETED with a warning, and who asks again is told', async () => {
  await using harness = await openHarness('confuses-speakers');
  const { store, start, add, until } = harness;
  const { id } = await add({ diarize: true });
  start();
  const job = await until(id, ({ status }) => status === 'COMPLETED');
  assert.match(job.media.warnings.join(' '), /could not be told apart\. All voices sound the same\./u);
  assert.deepEqual(await linesOf(store, id), ['null: one', 'null: two', 'null: three']);
  assert.equal(await detect(harness, id, anybody), 'All voices sound the same.');
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

/** A job that is COMPLETED, and whose speakers were not told apart. */
async function unknownSpeakers(file: string): Promise<string> {
  await using harness = await openHarness('confuses-speakers', { file });
  const { id } = await harness.add({ diarize: true });
  harness.start();
  await harness.until(id, ({ status }) => status === 'COMPLETED');
  return id;
}

test('where the server stops amid it, or before its turn, who waits is told so, and the job is as it was', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const id = await unknownSpeakers(file);
  await using harness = await openHarness('ponders-speakers', { file });
  const { store } = harness;
  const before = await everythingOf(store, id);
  const runner = harness.start();
  const asked = [detect(harness, id, anybody), detect(harness, id, anybody)];
  await harness.untilLogged('speaker detection started');
  await runner.stop();
  assert.deepEqual(await Promise.all(asked), ['The server stops.', 'GONE']);
  assert.deepEqual(await everythingOf(store, id), before);
});

test('a detection that is given up ends its engine, and gives it nothing more', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const id = await unknownSpeakers(file);
  await using harness = await openHarness('ponders-speakers', { file });
  const { store } = harness;
  const { promise: fed, resolve } = Promise.withResolvers<void>();
  // There is no end of it.
  const heardSegments: Store['heardSegments'] = async (job, after) => {
    resolve();
    const [segment] = await store.heardSegments(job, -1);
    return segment === undefined ? [] : [{ ...segment, index: after + 1 }];
  };
  harness.start({ store: { ...store, heardSegments }, leaseMs: 100 });
  const asked = detect(harness, id, anybody);
  await fed;
  await store.reapDetections(0);
  assert.equal(await asked, 'GONE');
  await harness.untilLogged('speakers not told apart');
});
