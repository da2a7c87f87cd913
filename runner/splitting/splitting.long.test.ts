import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFinished, type Job } from '#src/jobs/job.ts';
import type { Runner } from '../runner.ts';
import { assertGapless, fixture, type Harness, logged, openHarness, textsOf } from '../fixtures/harness.ts';

const over = { timeout: 20_000 };
const whole = Array.from({ length: 24 }, (_, batch) => `sentence ${batch}`);
const hasEnded = ({ status }: Job): boolean => isFinished(status);

interface Split extends AsyncDisposable {
  readonly harness: Harness;
  /** Starts a runner, with two slots where nothing else is said. */
  readonly start: (slots?: number) => Runner;
  /** Lets the engine of the whole go on. */
  readonly open: (gate: string) => Promise<void>;
}

/** A harness in which recordings of more than a minute are split, each part of 20 s: four batches. */
async function openSplit(fails = '', splitMinutes: number | null = 1): Promise<Split> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const engineCommand = [...fixture('reads-parts'), folder, fails];
  const harness = stack.use(await openHarness('speaks', { server: { engineCommand, splitMinutes } }));
  const owned = stack.move();
  return {
    harness,
    start: (slots = 2) => harness.start({ numJobs: () => slots }),
    open: (gate) => writeFile(join(folder, gate), ''),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a job until others read parts of it; from then on nothing holds its own engine up. */
async function splitJob({ harness, open }: Split): Promise<string> {
  const { store, until, add } = harness;
  const { id } = await add();
  await until(id, async () => (await store.plan(id))?.state === 'DONE');
  await open('1');
  await until(id, async () => (await store.parts(id)).some(({ state }) => state !== 'FREE'));
  await open('2');
  return id;
}

/** That all is there, in order and once, and nothing is left of the parts. */
async function assertWhole(harness: Harness, id: string): Promise<Job> {
  const job = await harness.until(id, hasEnded);
  assert.deepEqual([job.status, job.failure], ['COMPLETED', null]);
  assert.deepEqual(await textsOf(harness, id), whole);
  const events = await assertGapless(harness, id);
  const done = events
    .map((event) => (event.kind === 'PROGRESSED' ? event.progress : null))
    .filter((one) => one !== null);
  for (const name of ['fraction', 'processedSeconds'] as const) {
    const values = done.map((progress) => progress[name]);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      name,
    );
  }
  assert.equal(job.progress.processedSeconds, 120);
  return job;
}

/** That nothing is left of the parts of a job that has ended, when its runner has, too. */
async function assertNoParts(harness: Harness, id: string, runner: Runner): Promise<void> {
  const { store, samples } = harness;
  await runner.stop();
  assert.deepEqual(await harness.left(), []);
  assert.deepEqual([await store.parts(id), await store.plan(id)], [[], null]);
  assert.equal(await samples.open(id), null);
}

const partsEnded = (harness: Harness, outcome: string): number =>
  logged(harness, 'part ended').filter((line) => line['outcome'] === outcome).length;

test('a long recording is read by two slots, and its transcript is that of one', over, async () => {
  await using split = await openSplit();
  const { harness } = split;
  const runner = split.start();
  const id = await splitJob(split);
  await assertWhole(harness, id);
  await assertNoParts(harness, id, runner);
  // The plan, and the parts that begin with batches 4, 8, 12, 16 and 20: at least the first was another's.
  assert.equal(partsEnded(harness, 'DONE'), 6);
  const [attempt] = await harness.store.attempts(id);
  assert.equal((await harness.store.attempts(id)).length, 1);
  assert.equal(attempt?.outcome, 'COMPLETED');
});

test('what is short, or cannot be shared, is read by one engine', over, async () => {
  for (const [minutes, slots] of [
    [2, 2],
    [null, 2],
    [1, 1],
  ] as const) {
    await using split = await openSplit('', minutes);
    const { harness, open } = split;
    for (const gate of ['1', '2']) await open(gate);
    split.start(slots);
    await assertWhole(harness, (await harness.add()).id);
    assert.equal(harness.groups.length, 1);
  }
});

test('a job that waits goes before the parts of one that runs', over, async () => {
  await using split = await openSplit();
  const { harness, open } = split;
  split.start();
  const first = await harness.add();
  await harness.until(first.id, ({ segmentCount }) => segmentCount > 0);
  const second = await harness.add();
  await harness.until(second.id, ({ status }) => status === 'WORKING');
  const third = await harness.add();
  for (const gate of ['1', '2']) await open(gate);
  for (const { id } of [first, second, third]) await assertWhole(harness, id);
});

test('an engine that dies at a part is followed by one that goes on with it', over, async () => {
  await using split = await openSplit('once');
  const runner = split.start();
  const id = await splitJob(split);
  await assertWhole(split.harness, id);
  await assertNoParts(split.harness, id, runner);
  assert.equal(partsEnded(split.harness, 'LEFT'), 1);
  assert.equal(partsEnded(split.harness, 'DONE'), 6);
});

test('a part that ends three engines ends its job', over, async () => {
  await using split = await openSplit('always');
  const { harness } = split;
  const runner = split.start();
  const id = await splitJob(split);
  const job = await harness.until(id, hasEnded);
  assert.deepEqual([job.status, job.failure?.code], ['FAILED', 'ENGINE_CRASHED']);
  assert.match(job.failure?.message ?? '', /attempt 3 of 3/u);
  const texts = await textsOf(harness, id);
  assert.deepEqual(texts, whole.slice(0, texts.length));
  await assertGapless(harness, id);
  await assertNoParts(harness, id, runner);
});

test('what an engine of another kind has read is thrown away', over, async () => {
  await using split = await openSplit('other');
  const runner = split.start();
  const id = await splitJob(split);
  await assertWhole(split.harness, id);
  await assertNoParts(split.harness, id, runner);
  assert.ok(partsEnded(split.harness, 'UNFIT') > 0);
});

test('a recording that cannot be planned is read by one engine', over, async () => {
  await using split = await openSplit('plan');
  const { harness, open } = split;
  split.start();
  const { id } = await harness.add();
  await harness.until(id, async () => (await harness.store.plan(id))?.failure?.code === 'ENGINE_CRASHED');
  for (const gate of ['1', '2']) await open(gate);
  await assertWhole(harness, id);
});

test('a part whose lease is lost is read by another, and what its engine says is refused', over, async () => {
  await using split = await openSplit('waits');
  const { harness, open } = split;
  const { store } = harness;
  split.start();
  const id = await splitJob(split);
  await harness.until(id, async () => (await store.parts(id)).some((part) => isInside(part, 8)));
  await store.freeParts((await store.expiredParts(0)).filter(({ number }) => number === 2));
  await open('part');
  await assertWhole(harness, id);
});

test('a cancel ends all that read for a job', over, async () => {
  await using split = await openSplit('waits');
  const { harness } = split;
  const { store } = harness;
  split.start();
  const id = await splitJob(split);
  await harness.until(id, async () => (await store.parts(id)).some((part) => isInside(part, 8)));
  await store.cancel(id);
  const job = await harness.until(id, hasEnded);
  assert.equal(job.status, 'CANCELLED');
  assert.deepEqual(await harness.left(), []);
  await assertGapless(harness, id);
  await split.open('part');
  await store.retry(id, false);
  await assertWhole(harness, id);
});

test('a server that stops in the midst of parts goes on with them', over, async () => {
  await using split = await openSplit('waits');
  const { harness } = split;
  const { store } = harness;
  const first = split.start();
  const id = await splitJob(split);
  await harness.until(id, async () => (await store.parts(id)).some((part) => isInside(part, 8)));
  await first.stop();
  assert.equal((await store.job(id))?.status, 'QUEUED');
  assert.deepEqual(await harness.left(), []);
  assert.ok((await store.parts(id)).every(({ state }) => state !== 'TAKEN'));
  await split.open('part');
  const second = split.start();
  await assertWhole(harness, id);
  assert.equal((await store.attempts(id)).length, 2);
  await assertNoParts(harness, id, second);
});

/** Whether a part that begins with a batch is read as far as its first batch. */
function isInside(
  { range, processedSeconds }: { readonly range: { readonly batch: number }; readonly processedSeconds: number },
  batch: number,
): boolean {
  return range.batch === batch && processedSeconds === 5;
}
