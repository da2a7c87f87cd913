import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { DatabaseAwayError, StorageFullError } from '#src/errors.ts';
import { isFinished, type Job } from '#src/jobs/job.ts';
import type { Store } from '#src/store/store.ts';
import { assertGapless, fixture, logged, openHarness, textsOf } from './fixtures/harness.ts';
import { startChild } from './process/child.ts';
import { childEnvironment } from './process/environment.ts';
import { startTimeOf, waitForGroup } from './process/process-group.ts';
import { reap } from './reap.ts';
import { retryPauseMs } from './retry-pause.ts';

const over = { timeout: 30_000 };
const hasSpoken = (job: Job): boolean => job.segmentCount === 2;
const hasEnded = (job: Job): boolean => isFinished(job.status);

for (const name of ['waits', 'ignores-sigterm', 'forks']) {
  test(
    `a cancelled job is CANCELLED when no process of an engine that ${name.replaceAll('-', ' ')} is left`,
    over,
    async () => {
      await using harness = await openHarness(name);
      harness.start();
      const { id } = await harness.add();
      await harness.until(id, hasSpoken);
      await harness.store.cancel(id);
      const job = await harness.until(id, hasEnded);
      assert.deepEqual(await harness.left(), []);
      assert.equal(job.status, 'CANCELLED');
      assert.deepEqual(await textsOf(harness, id), ['one', 'two']);
      assert.equal((await assertGapless(harness, id)).at(-1)?.kind, 'STATUS_CHANGED');
      assert.equal((await harness.store.attempts(id))[0]?.outcome, 'CANCELLED');
    },
  );
}

test('a job that is cancelled before its engine has started does not start one', over, async () => {
  await using harness = await openHarness('waits');
  const claim = harness.store.claim.bind(harness.store);
  const store = {
    ...harness.store,
    async claim(worker: string) {
      const claimed = await claim(worker);
      if (claimed !== null) await harness.store.cancel(claimed.job.id);
      return claimed;
    },
  };
  const { id } = await harness.add();
  harness.start({ store });
  assert.equal((await harness.until(id, hasEnded)).status, 'CANCELLED');
  assert.deepEqual(await harness.left(), []);
});

test('a cancel that comes while a crashed engine is about to be tried again ends the job at once', over, async () => {
  await using harness = await openHarness('out-of-memory');
  harness.start({ retryPauseMs: 10_000 });
  const { id } = await harness.add();
  await harness.until(id, async () => (await harness.store.attempts(id)).length === 2);
  await harness.store.cancel(id);
  assert.equal((await harness.until(id, hasEnded)).status, 'CANCELLED');
  assert.equal(harness.groups.length, 1);
});

test(
  'an orderly stop gives the job back with its checkpoint, and the next start goes on from there',
  over,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
    await using afterwards = new AsyncDisposableStack();
    afterwards.defer(() => rm(directory, { recursive: true }));
    const file = join(directory, 'phonograph.db');
    let id = '';
    {
      await using harness = await openHarness('waits', { file });
      const runner = harness.start();
      ({ id } = await harness.add());
      await harness.until(id, hasSpoken);
      await runner.stop();
      assert.deepEqual(await harness.left(), []);
      const job = await harness.store.job(id);
      assert.equal(job?.status, 'QUEUED');
      assert.equal(job.segmentCount, 2);
      assert.equal((await harness.store.attempts(id))[0]?.outcome, 'INTERRUPTED');
    }
    await using harness = await openHarness('waits', { file });
    harness.start();
    assert.equal((await harness.until(id, hasEnded)).status, 'COMPLETED');
    assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
    const events = await assertGapless(harness, id);
    assert.equal(events.filter(({ kind }) => kind === 'TRANSCRIPT_CLEARED').length, 0);
  },
);

test('a stop uses up no attempt of the three', over, async () => {
  await using harness = await openHarness('waits');
  const { id } = await harness.add();
  for (let starts = 0; starts < 4; starts += 1) {
    const runner = harness.start();
    await harness.until(id, (job) => job.status === 'WORKING');
    await runner.stop();
  }
  assert.equal((await harness.store.job(id))?.status, 'QUEUED');
});

test(
  'a job that was WORKING when its server died runs again, and its orphaned engine is ended first',
  over,
  async () => {
    await using harness = await openHarness('waits');
    const { id } = await harness.add();
    const claim = await harness.store.claim('dead server');
    assert.ok(claim);
    using orphan = startChild(fixture('ignores-sigterm'));
    using other = startChild(fixture('hangs'));
    assert.ok(orphan.pid !== undefined && other.pid !== undefined);
    await harness.store.saveProcess(claim.lease, { pid: orphan.pid, pidStartTime: orphan.startTime, device: 'cpu' });
    const runner = harness.start();
    await harness.until(id, hasSpoken);
    await orphan.gone;
    assert.equal((await orphan.exited).signal, 'SIGKILL');
    assert.equal(logged(harness, 'job of a dead server reaped').length, 1);
    assert.equal(runner.state().ready, true);
    assert.equal(await waitForGroup(other.pid, 0), false, 'only the orphan is ended');
    await other.end(1000);
  },
);

test('what a dead engine has started is ended before its cancelled job is CANCELLED', over, async () => {
  await using harness = await openHarness('waits');
  const { id } = await harness.add();
  const claim = await harness.store.claim('dead server');
  assert.ok(claim);
  const [program, file] = fixture('forks');
  const engine = spawn(program, [file], { detached: true, env: childEnvironment(program) });
  const pid = engine.pid ?? 0;
  await harness.store.saveProcess(claim.lease, { pid, pidStartTime: startTimeOf(pid), device: 'cpu' });
  engine.stdin.write('{"attempt":1,"device":"cpu","resume":null}\n');
  for await (const text of engine.stdout) if (String(text).includes('grandchild')) break;
  engine.kill('SIGKILL');
  await once(engine, 'exit');
  assert.equal(await waitForGroup(pid, 0), false, 'the grandchild lives');
  await harness.store.cancel(id);
  harness.start();
  assert.equal((await harness.until(id, hasEnded)).status, 'CANCELLED');
  assert.equal(await waitForGroup(pid, 0), true);
});

test('a cancelled job whose orphaned engine does not end stays WORKING until it has', over, async () => {
  await using harness = await openHarness('waits');
  const { id } = await harness.add();
  const claim = await harness.store.claim('dead server');
  using orphan = startChild(fixture('hangs'));
  assert.ok(claim && orphan.pid !== undefined);
  await harness.store.saveProcess(claim.lease, { pid: orphan.pid, pidStartTime: orphan.startTime, device: 'cpu' });
  await harness.store.cancel(id);
  const orphans = await harness.store.expiredAttempts(0);
  const parts = { store: harness.store, log: pino({ level: 'silent' }) };
  assert.deepEqual(await reap(orphans, { ...parts, end: () => Promise.resolve(false) }), orphans);
  assert.equal((await harness.store.job(id))?.status, 'WORKING');
  assert.deepEqual(await reap(orphans, parts), []);
  assert.equal((await harness.store.job(id))?.status, 'CANCELLED');
  assert.equal(await waitForGroup(orphan.pid, 0), true);
});

test('a process that only has the number of a dead engine is left alone', over, async () => {
  await using harness = await openHarness('waits');
  const { id } = await harness.add();
  const claim = await harness.store.claim('dead server');
  using stranger = startChild(fixture('hangs'));
  assert.ok(claim && stranger.pid !== undefined);
  await harness.store.saveProcess(claim.lease, { pid: stranger.pid, pidStartTime: 'another boot/1', device: 'cpu' });
  harness.start();
  await harness.until(id, hasSpoken);
  assert.equal(await waitForGroup(stranger.pid, 0), false);
  await stranger.end(1000);
});

test('a lost lease ends the engine, and nothing more is written', over, async () => {
  await using harness = await openHarness('ignores-sigterm');
  harness.start({ leaseMs: 60 });
  const { id } = await harness.add();
  await harness.until(id, hasSpoken);
  const [group] = harness.groups;
  assert.ok(group !== undefined);
  // As another server would; a lease that was renewed in between is not reaped.
  while ((await harness.store.reap(await harness.store.expiredAttempts(0))).length === 0) continue;
  assert.equal(await waitForGroup(group, 10_000), true);
  assert.equal(logged(harness, 'engine is ended')[0]?.['reason'], 'lost');
  const [first] = await harness.store.attempts(id);
  assert.equal(first?.outcome, 'INTERRUPTED');
  assert.equal(first.exitCode, null);
});

test('a write that proves no lease any more ends the engine', over, async () => {
  await using harness = await openHarness('waits');
  const store = { ...harness.store, appendBatch: () => Promise.resolve(false) };
  harness.start({ store });
  const { id } = await harness.add();
  assert.equal((await harness.untilLogged('job ended'))['outcome'], 'LEASE_LOST');
  assert.deepEqual(await harness.left(), []);
  assert.equal((await harness.store.job(id))?.segmentCount, 0);
});

test(
  'a worker of a fleet ends its engine where the store does not answer for most of its lease, a worker alone does not',
  over,
  async () => {
    for (const isFleet of [true, false]) {
      await using harness = await openHarness('waits');
      const never = new Promise<null>(() => undefined);
      harness.start({ store: { ...harness.store, renew: () => never }, isFleet, leaseMs: 400 });
      const { id } = await harness.add();
      await harness.until(id, hasSpoken);
      if (isFleet) {
        assert.equal((await harness.untilLogged('engine is ended'))['reason'], 'lost');
        assert.equal((await harness.untilLogged('job ended'))['outcome'], 'LEASE_LOST');
      } else {
        await setTimeout(1000);
        assert.equal((await harness.store.job(id))?.status, 'WORKING');
      }
    }
  },
);

test('a full disk is waited for, with the engine held up', over, async () => {
  await using harness = await openHarness('speaks');
  let refusals = 4;
  const store: Store = {
    ...harness.store,
    appendBatch(lease, batch) {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new StorageFullError()) : harness.store.appendBatch(lease, batch);
    },
  };
  harness.start({ store });
  const { id } = await harness.add();
  assert.equal((await harness.until(id, hasEnded)).status, 'COMPLETED');
  assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
  assert.equal(harness.groups.length, 1);
});

test('a batch of which nobody has heard that it was kept comes again, and is there once', over, async () => {
  await using harness = await openHarness('speaks');
  let isHeard = false;
  const store: Store = {
    ...harness.store,
    async appendBatch(...batch) {
      const isKept = await harness.store.appendBatch(...batch);
      if (isHeard) return isKept;
      isHeard = true;
      throw new DatabaseAwayError(null, false);
    },
  };
  harness.start({ store });
  const { id } = await harness.add();
  assert.equal((await harness.until(id, hasEnded)).status, 'COMPLETED');
  assert.deepEqual(await textsOf(harness, id), ['one', 'two', 'three']);
  await assertGapless(harness, id);
});

test('a job that has not crashed does not wait, and each crash doubles the wait up to ten seconds', () => {
  const longest = [0, 1, 2, 3, 4, 5, 100].map((crashes) => retryPauseMs(crashes, 1000, 1));
  assert.deepEqual(longest, [0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('chance takes up to half of a wait away', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => retryPauseMs(2, 1000, random)),
    [1000, 1500, 2000],
  );
});
