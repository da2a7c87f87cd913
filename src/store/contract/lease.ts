import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Store } from '../store.ts';
import type { Lease } from '../work.ts';
import { checkStory } from './check-story.ts';
import { added, claimed, everythingOf, newBatch, type OpenStore, progressAt, quietly } from './samples.ts';

const track = { index: 0, title: null, language: 'eng', codec: 'pcm', channels: 1, default: true, used: true };
const media = {
  durationSeconds: 3,
  container: 'wav',
  codec: 'pcm',
  sampleRate: 8000,
  channels: 1,
  warnings: ['cut'],
  tracks: [track],
};

/** That only the worker of the running attempt writes. */
export function leaseContract(open: OpenStore): void {
  it('lets the holder write, and tells it of a cancel', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    assert.deepEqual(
      await writeAll(store, lease),
      Array.from({ length: 7 }, () => true),
    );
    assert.deepEqual(await store.renew(lease), { cancelRequested: false });
    const job = await store.job(id);
    assert.ok(job);
    assert.deepEqual({ ...job.media, ...media }, job.media);
    assert.equal((await store.attempts(id))[0]?.device, 'cpu');
    await store.cancel(id);
    assert.deepEqual(await store.renew(lease), { cancelRequested: true });
    assert.ok(await store.appendBatch(lease, newBatch(['late'])));
  });

  it('refuses every write of a lease that is not the one of the running attempt, and changes nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const other = await added(store);
    const { lease: lost } = await claimed(store);
    await store.appendBatch(lost, newBatch(['kept']));
    await store.finish(lost, { kind: 'INTERRUPTED', crash: null, ...quietly });
    const { lease } = await claimed(store);
    assert.equal(lease.attempt, 2);
    const wrong: readonly Lease[] = [
      lost,
      { ...lease, token: lost.token },
      { ...lease, attempt: 1 },
      { ...lease, attempt: 3 },
      { ...lease, token: '' },
      { ...lease, jobId: 'job_unknown' },
    ];
    const before = await everythingOf(store, other.id);
    for (const stale of wrong) await refusesAll(store, stale);
    assert.deepEqual(await everythingOf(store, other.id), before);
  });

  it('refuses the writes of an attempt that has ended', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    assert.ok(await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 3, ...quietly }));
    const before = await everythingOf(store, id);
    await refusesAll(store, lease);
    assert.deepEqual(await everythingOf(store, id), before);
  });

  it('ends the attempts that a server left open, and gives their jobs back or cancels them', async () => {
    await using opened = await open();
    const { store } = opened;
    const waiting = await added(store);
    const cancelled = await added(store);
    const done = await added(store);
    const leases = [(await claimed(store)).lease, (await claimed(store)).lease, (await claimed(store)).lease];
    const [first, second, third] = leases;
    assert.ok(first && second && third);
    await store.saveProcess(first, { pid: 4711, pidStartTime: '99', device: 'cpu' });
    await store.appendBatch(first, newBatch(['kept']));
    await store.cancel(cancelled.id);
    await store.finish(third, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    const orphans = await store.expiredAttempts(0);
    assert.deepEqual(
      orphans.toSorted((a, b) => Number(b.pid) - Number(a.pid)).map(({ renewedAt: _, ...orphan }) => orphan),
      [
        { jobId: waiting.id, attempt: 1, pid: 4711, pidStartTime: '99' },
        { jobId: cancelled.id, attempt: 1, pid: null, pidStartTime: null },
      ],
    );
    const reaped = await store.reap(orphans);
    assert.deepEqual(
      reaped.toSorted((a, b) => b.status.localeCompare(a.status)),
      [
        { jobId: waiting.id, attempt: 1, status: 'QUEUED' },
        { jobId: cancelled.id, attempt: 1, status: 'CANCELLED' },
      ],
    );
    assert.equal((await store.attempts(waiting.id))[0]?.outcome, 'INTERRUPTED');
    assert.equal((await store.attempts(done.id))[0]?.outcome, 'COMPLETED');
    for (const lease of [first, second]) await refusesAll(store, lease);
    assert.deepEqual(await store.expiredAttempts(0), []);
    const again = await claimed(store);
    assert.deepEqual([again.job.id, again.lease.attempt, again.crashes], [waiting.id, 2, 0]);
    assert.deepEqual(again.checkpoint, { batch: 1 });
    assert.deepEqual(await store.reap(orphans), [], 'what has ended since is left alone');
    assert.deepEqual(await store.renew(again.lease), { cancelRequested: false });
  });

  it('leaves an attempt open whose process still lives, and its job WORKING, a cancel asked for or not', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const other = await added(store);
    const { lease } = await claimed(store);
    await claimed(store);
    await store.cancel(id);
    const orphans = await store.expiredAttempts(0);
    await store.reap(orphans.filter(({ jobId }) => jobId !== id));
    assert.equal((await store.job(id))?.status, 'WORKING');
    assert.equal((await store.job(other.id))?.status, 'QUEUED');
    const [left, ...others] = await store.expiredAttempts(0);
    assert.deepEqual([left?.jobId, left?.attempt, left?.pid, others.length], [id, 1, null, 0]);
    assert.deepEqual(await store.renew(lease), { cancelRequested: true });
  });

  it('tells an attempt as expired once its lease was not renewed for so long, whoever ran it, and reaps none that was', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const [silent, alive] = [await added(store), await added(store)];
    await claimed(store);
    const { lease } = await claimed(store);
    assert.deepEqual(await store.expiredAttempts(30_000), []);
    time += 20_000;
    assert.ok(await store.renew(lease));
    time += 10_001;
    const expired = await store.expiredAttempts(30_000);
    assert.deepEqual(
      expired.map(({ jobId }) => jobId),
      [silent.id],
    );
    const all = await store.expiredAttempts(0);
    assert.ok(await store.renew(lease));
    const reaped = await store.reap(all);
    assert.deepEqual(
      reaped.map(({ jobId }) => jobId),
      [silent.id],
      'one that was renewed meanwhile goes on',
    );
    assert.equal((await store.job(alive.id))?.status, 'WORKING');
    time -= 3_600_000;
    assert.deepEqual(
      (await store.expiredAttempts(30_000)).length,
      1,
      'a clock that was set back keeps no lease for ever',
    );
  });

  it('holds a lease, and the order of arrival, while the clock jumps hours ahead and back', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const jobs = [await added(store)];
    for (const jumpHours of [2, -4, 2]) {
      time += jumpHours * 3_600_000;
      jobs.push(await added(store));
    }
    for (const { id } of jobs) {
      const { lease, job } = await claimed(store);
      assert.equal(job.id, id);
      for (const jumpHours of [2, -4, 2]) {
        time += jumpHours * 3_600_000;
        assert.deepEqual(await store.renew(lease), { cancelRequested: false });
        assert.ok(await store.appendBatch(lease, newBatch(['kept'])));
      }
      assert.ok(await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly }));
      await checkStory(store, id);
    }
  });
}

async function writeAll(store: Store, lease: Lease): Promise<readonly boolean[]> {
  return [
    await store.saveProcess(lease, { pid: 1, pidStartTime: null, device: 'cpu' }),
    await store.saveMedia(lease, media),
    await store.savePeaks(lease, [0, 0.5, 1]),
    await store.enterStage(lease, progressAt(0.1)),
    await store.saveLanguage(lease, { code: 'en', probability: 0.9 }),
    await store.appendBatch(lease, newBatch(['one'])),
    await store.clearTranscript(lease),
  ];
}

async function refusesAll(store: Store, lease: Lease): Promise<void> {
  assert.deepEqual(
    await writeAll(store, lease),
    Array.from({ length: 7 }, () => false),
  );
  assert.equal(await store.renew(lease), null);
  assert.equal(await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly }), false);
}
