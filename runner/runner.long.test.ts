import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isFinished } from '#src/jobs/job.ts';
import { assertGapless, logged, openHarness, textsOf } from './fixtures/harness.ts';

const over = { timeout: 30_000 };

/** Fixture, what its job comes to, and the segments that are kept. */
const endings = [
  ['speaks', 'COMPLETED', null, ['one', 'two', 'three'], 1],
  ['dies-once', 'COMPLETED', null, ['one', 'two', 'three'], 2],
  ['dies-midway', 'FAILED', 'ENGINE_CRASHED', ['one', 'two'], 3],
  ['out-of-memory', 'FAILED', 'GPU_OUT_OF_MEMORY', [], 3],
  ['refuses', 'FAILED', 'MEDIA_NO_AUDIO', [], 1],
  ['exits-without-end', 'FAILED', 'ENGINE_PROTOCOL', ['one', 'two'], 1],
  ['long-line', 'FAILED', 'ENGINE_PROTOCOL', [], 1],
  ['rubbish', 'FAILED', 'ENGINE_PROTOCOL', [], 1],
  ['out-of-order', 'FAILED', 'ENGINE_PROTOCOL', ['one', 'two'], 1],
  ['from-the-future', 'FAILED', 'ENGINE_PROTOCOL', ['one', 'two'], 1],
  ['floods-segments', 'FAILED', 'ENGINE_PROTOCOL', [], 1],
  ['will-not-leave', 'COMPLETED', null, ['one', 'two', 'three'], 1],
  ['leaves-grandchild', 'COMPLETED', null, ['one', 'two', 'three'], 1],
] as const;

for (const [name, status, code, texts, attempts] of endings) {
  test(
    `the job of an engine that ${name.replaceAll('-', ' ')} ends ${status}${code === null ? '' : ` with ${code}`}`,
    over,
    async () => {
      await using harness = await openHarness(name);
      harness.start();
      const { id } = await harness.add();
      const job = await harness.until(id, ({ status: now }) => isFinished(now));
      assert.equal(job.status, status, JSON.stringify(job.failure));
      assert.equal(job.failure?.code ?? null, code);
      assert.equal(job.failure === null, job.failure?.hint === undefined);
      assert.deepEqual(await textsOf(harness, id), texts);
      assert.equal((await harness.store.attempts(id)).length, attempts);
      assert.equal(harness.groups.length, attempts);
      assert.deepEqual(await harness.left(), []);
      await assertGapless(harness, id);
    },
  );
}

test('a completed job tells what its engine found and what decided its text', over, async () => {
  await using harness = await openHarness('speaks');
  harness.start();
  const { id } = await harness.add();
  const job = await harness.until(id, ({ status }) => isFinished(status));
  assert.deepEqual(job.language, { code: 'en', probability: 0.98 });
  assert.equal(job.media.durationSeconds, 9);
  assert.equal(job.progress.fraction, 1);
  const [attempt] = await harness.store.attempts(id);
  assert.equal(attempt?.device, 'cpu');
  assert.equal(attempt.exitCode, 0);
  assert.equal(attempt.peakMemoryBytes, 50_000_000);
  assert.equal(attempt.provenance?.['computeType'], 'int8');
});

test('the last words of an engine that died stand in the log of its job', over, async () => {
  await using harness = await openHarness('dies-midway');
  harness.start();
  const { id } = await harness.add();
  await harness.until(id, ({ status }) => isFinished(status));
  const said = logged(harness, 'engine said');
  assert.equal(said.length, 3);
  assert.equal(said[0]?.['job'], id);
  assert.match(String(said[0]?.['text']), /illegal instruction ahead/u);
  const [attempt] = await harness.store.attempts(id);
  assert.equal(attempt?.signal, 'SIGSEGV');
});

test('a million lines in a row neither hold the event loop nor cause a write each', over, async () => {
  await using harness = await openHarness('floods');
  harness.start();
  const { id } = await harness.add();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const job = await harness.until(id, ({ status }) => isFinished(status));
  clearInterval(timer);
  assert.equal(job.status, 'COMPLETED', JSON.stringify(job.failure));
  assert.ok(job.lastEventSeq < 15, `${job.lastEventSeq} events`);
  assert.ok(turns > 100, `the event loop turned ${turns} times`);
  assert.ok(process.memoryUsage().rss < 600 * 1024 * 1024);
});

test('300 MB on stderr hold nothing up and are not remembered', over, async () => {
  await using harness = await openHarness('floods-stderr');
  harness.start();
  const { id } = await harness.add();
  const before = process.memoryUsage().rss;
  const job = await harness.until(id, ({ status }) => isFinished(status));
  assert.equal(job.status, 'COMPLETED', JSON.stringify(job.failure));
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
  assert.ok(grown < 200, `memory grew by ${grown} MiB`);
});

test('an engine that says nothing is ended and tried again, up to three times', over, async () => {
  await using harness = await openHarness('hangs', { server: { engineSilenceSeconds: 0.3 } });
  harness.start();
  const { id } = await harness.add();
  const job = await harness.until(id, ({ status }) => isFinished(status));
  assert.equal(job.failure?.code, 'ENGINE_STALLED');
  assert.equal(harness.groups.length, 3);
  assert.deepEqual(await harness.left(), []);
});

test(
  'without its program, without its model, or without the GPU asked for, a job fails with the way out',
  over,
  async () => {
    await using harness = await openHarness('speaks', {
      server: { engineCommand: ['/nowhere/python', '-m', 'engine'] },
    });
    harness.start();
    const jobs = [
      await harness.add(),
      await harness.add({ model: 'large-v2' }),
      await harness.add({ computePower: 'GPU_ONLY' }),
    ];
    const done = await Promise.all(jobs.map(({ id }) => harness.until(id, ({ status }) => isFinished(status))));
    assert.deepEqual(
      done.map((job) => job.failure?.code),
      ['ENGINE_NOT_INSTALLED', 'MODEL_NOT_FOUND', 'GPU_UNAVAILABLE'],
    );
    assert.match(done[0]?.failure?.hint ?? '', /npm run setup/u);
  },
);

test('an engine that refuses to go on starts the transcript again, and its readers are told', over, async () => {
  await using harness = await openHarness('starts-over');
  const first = harness.start();
  const { id } = await harness.add();
  await harness.until(id, ({ segmentCount }) => segmentCount === 2);
  await first.stop();
  assert.equal((await harness.store.job(id))?.status, 'QUEUED');
  harness.start();
  await harness.until(id, ({ status }) => isFinished(status));
  assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
  const kinds = (await assertGapless(harness, id)).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'TRANSCRIPT_CLEARED').length, 1);
});

test('as many jobs run at a time as there are slots, and a changed number counts at once', over, async () => {
  await using harness = await openHarness('waits');
  let numJobs = 2;
  const runner = harness.start({ numJobs: () => numJobs });
  const jobs = [await harness.add(), await harness.add(), await harness.add()];
  const spoken = (id: string) => harness.until(id, ({ segmentCount }) => segmentCount === 2);
  const ids = jobs.map(({ id }) => id);
  await Promise.all(ids.slice(0, 2).map(spoken));
  assert.equal(runner.state().working, 2);
  assert.equal((await harness.store.job(ids[2] ?? ''))?.status, 'QUEUED');
  numJobs = 3;
  runner.wake();
  await spoken(ids[2] ?? '');
  assert.equal(runner.state().working, 3);
  await runner.stop();
  assert.equal(runner.state().working, 0);
  assert.deepEqual(await harness.left(), []);
});

test('a store that throws is told once, and asked again until it answers', over, async () => {
  await using harness = await openHarness('speaks');
  let refusals = 3;
  const store = {
    ...harness.store,
    claim(worker: string) {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new Error('disk I/O error')) : harness.store.claim(worker);
    },
  };
  const runner = harness.start({ store });
  const { id } = await harness.add();
  await harness.until(id, ({ status }) => isFinished(status));
  assert.equal(logged(harness, 'store does not answer').length, 1);
  assert.equal(logged(harness, 'store answers again').length, 1);
  assert.deepEqual(runner.state().problem, null);
});

test('a job whose worker fell silent is taken over when its lease is over, whoever ran it', over, async () => {
  await using harness = await openHarness('speaks');
  let slots = 0;
  const runner = harness.start({ leaseMs: 300, numJobs: () => slots });
  while (!runner.state().ready) await setImmediate();
  const { id } = await harness.add();
  const claim = await harness.store.claim('another worker');
  assert.equal(claim?.job.id, id);
  slots = 1;
  const waking = setInterval(() => runner.wake(), 20);
  await harness.until(id, ({ status }) => status === 'COMPLETED');
  clearInterval(waking);
  const attempts = await harness.store.attempts(id);
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome),
    ['INTERRUPTED', 'COMPLETED'],
  );
  assert.ok(Number(attempts[0]?.finishedAt) - Number(attempts[0]?.startedAt) > 300, 'not before its lease was over');
});
