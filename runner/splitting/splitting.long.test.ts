import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished, type Job } from '#src/jobs/job.ts';
import { openNotifier } from '#src/store/notifier.ts';
import { openPostgres, postgresProgram } from '#src/testing/postgres.ts';
import type { Runner } from '../runner.ts';
import type { WorkerOrders } from '../fixtures/works.ts';
import { assertGapless, fixture, type Harness, logged, openHarness, textsOf } from '../fixtures/harness.ts';

const over = { timeout: 60_000 };
const whole = Array.from({ length: 24 }, (_, batch) => `sentence ${batch}`);
const hasEnded = ({ status }: Job): boolean => isFinished(status);

interface Split extends AsyncDisposable {
  readonly harness: Harness;
  /** Starts a runner, with two slots where nothing else is said. */
  readonly start: (slots?: number) => Runner;
  /** Lets the engine of the whole go on. */
  readonly open: (gate: string) => Promise<void>;
  /** The batches that engines have begun to read, as often as they did. */
  readonly read: () => Promise<readonly number[]>;
}

/** A harness in which recordings of more than a minute are split, each part of 20 s: four batches. */
async function openSplit(fails = '', splitMinutes: number | null = 1, database = ':memory:'): Promise<Split> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const engineCommand = [...fixture('reads-parts'), folder, fails];
  const harness = stack.use(await openHarness('speaks', { server: { engineCommand, splitMinutes }, file: database }));
  const owned = stack.move();
  return {
    harness,
    start: (slots = 2) => harness.start({ numJobs: () => slots }),
    open: (gate) => writeFile(join(folder, gate), ''),
    read: async () => (await readFile(join(folder, 'read'), 'utf8')).trim().split('\n').map(Number),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a job until others read parts of it; from then on nothing holds its own engine up. */
async function splitJob(split: Split): Promise<string> {
  const { id } = await split.harness.add();
  await share(split, id);
  return id;
}

/** Lets the engine of a job go on when others read parts of it. */
async function share({ harness: { store }, open }: Split, id: string): Promise<void> {
  await seen(async () => (await store.plan(id))?.state === 'DONE');
  await open('1');
  await seen(async () => (await store.parts(id)).some(({ state }) => state !== 'FREE'));
  await open('2');
}

/** Looks until something is so: what other processes write is not always told here. */
async function seen(asked: () => Promise<boolean>): Promise<void> {
  while (!(await asked())) await sleep(10);
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
  assert.equal(await samples.open(id, AbortSignal.timeout(1000)), null);
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
  // The engine of the whole, the one that planned, one for all that a slot has read, and the one that said the end.
  assert.ok(new Set(harness.groups).size <= 5);
  const job = await harness.store.job(id);
  assert.deepEqual(job?.media.warnings, ['It has 24 segments.']);
  assert.deepEqual(await harness.store.peaksOf([id]), [[0.25, 0.5]]);
  const [attempt] = await harness.store.attempts(id);
  assert.equal((await harness.store.attempts(id)).length, 1);
  assert.equal(attempt?.outcome, 'COMPLETED');
});

test('what is short, or cannot be shared, is read by one engine', over, async () => {
  for (const [minutes, slots] of [
    [2, 2],
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

test('a cancel reaches who reads a part within a beat, though no hint of it comes', over, async () => {
  await using split = await openSplit('waits');
  const { harness } = split;
  const { store } = harness;
  const fleet = { numJobs: () => 1, isFleet: true, leaseMs: 1500 };
  harness.start({ ...fleet, worker: 'one' });
  const { id } = await harness.add();
  await harness.until(id, ({ status }) => status === 'WORKING');
  harness.start({ ...fleet, worker: 'deaf', notifier: openNotifier() });
  await share(split, id);
  await seen(async () => (await store.parts(id)).some((part) => isInside(part, 8)));
  await store.cancel(id);
  assert.equal((await harness.until(id, hasEnded)).status, 'CANCELLED');
  assert.deepEqual(await harness.left(), []);
  await assertGapless(harness, id);
  await split.open('part');
  await store.retry(id, false);
  await assertWhole(harness, id);
});

/** Starts a worker in a process of its own, which is killed at the end at the latest. */
function startWorker(stack: AsyncDisposableStack, orders: WorkerOrders): ChildProcess {
  const child = spawn(process.execPath, [fixture('works')[1], JSON.stringify(orders)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  stack.defer(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** The batches that are kept of a job, in its transcript and with its parts. */
async function keptOf({ store }: Harness, id: string): Promise<ReadonlySet<number>> {
  const parts = await store.parts(id);
  const batches = await Promise.all(parts.map((part) => store.partBatches(part.id, -1)));
  const segments = (await store.segments(id, { limit: 100 })).map(({ item }) => whole.indexOf(item.text));
  return new Set([...segments, ...batches.flat().map(({ batch }) => batch)]);
}

for (const [name, skip] of [
  ['SQLite', false],
  ['PostgreSQL', postgresProgram.skip],
] as const) {
  test(`who is killed amid parts is followed by another, who reads on, in ${name}`, { ...over, skip }, async () => {
    await using stack = new AsyncDisposableStack();
    const isFleet = name === 'PostgreSQL';
    const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const database = isFleet ? await stack.use(await openPostgres()).create() : join(folder, 'jobs.db');
    const split = stack.use(await openSplit('waits', 1, database));
    const { harness } = split;
    const { store } = harness;
    const orders = { database, config: harness.config, isFleet, leaseMs: 2000 };
    const { id } = await harness.add();
    const one = startWorker(stack, { ...orders, worker: 'one', slots: isFleet ? 1 : 2 });
    await seen(async () => (await store.job(id))?.status === 'WORKING');
    if (isFleet) startWorker(stack, { ...orders, worker: 'other', slots: 1 });
    await share(split, id);
    await seen(async () => (await store.parts(id)).some((part) => isInside(part, 8)));
    one.kill('SIGKILL');
    await once(one, 'exit');
    // In this order: the other worker reads on meanwhile.
    const kept = await keptOf(harness, id);
    const before = (await split.read()).length;
    await split.open('part');
    if (!isFleet) split.start();
    await seen(async () => isFinished((await store.job(id))?.status ?? 'QUEUED'));
    await assertWhole(harness, id);
    assert.ok(kept.size > 4, 'something was kept of parts');
    assert.deepEqual(
      (await split.read()).slice(before).filter((batch) => kept.has(batch)),
      [],
    );
    assert.equal((await store.attempts(id)).length, 2);
  });
}

/** Whether a part that begins with a batch is read as far as its first batch. */
function isInside(
  { range, processedSeconds }: { readonly range: { readonly batch: number }; readonly processedSeconds: number },
  batch: number,
): boolean {
  return range.batch === batch && processedSeconds === 5;
}
