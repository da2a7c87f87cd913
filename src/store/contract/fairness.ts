import assert from 'node:assert/strict';
import { it } from 'node:test';
import { QueueFullError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import { added, claimed, newJob, type OpenStore, quietly } from './samples.ts';

/** That callers share the queue, and how full it may get. */
export function fairnessContract(open: OpenStore): void {
  it('lets callers take turns, so that one with 1,000 jobs holds up nobody', async () => {
    await using opened = await open();
    const { store } = opened;
    const many: Job[] = [];
    for (let job = 0; job < 1000; job++) many.push(await added(store, { callerId: 'many' }));
    const few = [await added(store, { callerId: 'few' }), await added(store, { callerId: 'few' })];
    const nobody = await added(store);
    const order = [many[0], few[0], nobody, many[1], few[1], many[2], many[3]].map((job) => job?.id ?? '');
    assert.deepEqual(await store.queuePositions(order), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await store.queuePositions([many.at(-1)?.id ?? '']), [1003]);
    for (const id of order) assert.equal((await claimed(store)).job.id, id);
    const late = await added(store, { callerId: 'few' });
    assert.deepEqual(await store.queuePositions([late.id]), [1], 'its turn was longest ago');
    assert.equal((await claimed(store)).job.id, late.id);
  });

  it('takes turns within one priority: a higher one goes first, whoever it belongs to', async () => {
    await using opened = await open();
    const { store } = opened;
    const low = await added(store, { callerId: 'first' });
    const high = await Promise.all([1, 2].map(() => added(store, { callerId: 'second', priority: 5 })));
    const other = await added(store, { callerId: 'second' });
    for (const { id } of [...high, low, other]) assert.equal((await claimed(store)).job.id, id);
  });

  it('goes on with what was interrupted before anything new begins at its priority', async () => {
    await using opened = await open();
    const { store } = opened;
    const begun = await added(store, { callerId: 'first' });
    const other = await added(store, { callerId: 'second' });
    const { lease } = await claimed(store);
    await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    assert.deepEqual(await store.queuePositions([begun.id]), [1]);
    assert.deepEqual(await store.queuePositions([other.id]), [2]);
    const again = await claimed(store);
    assert.equal(again.job.id, begun.id);
    await store.cancel(begun.id);
    await store.finish(again.lease, { kind: 'CANCELLED', ...quietly });
    await store.retry(begun.id, false);
    assert.deepEqual(await store.queuePositions([begun.id]), [2], 'what a person queues anew begins anew');
  });

  it('knows idempotency keys by their caller', async () => {
    await using opened = await open();
    const { store } = opened;
    const mine = await store.addJob(newJob({ idempotencyKey: 'order 7', callerId: 'first' }));
    const yours = await store.addJob(newJob({ idempotencyKey: 'order 7', callerId: 'second' }));
    const theirs = await store.addJob(newJob({ idempotencyKey: 'order 7' }));
    assert.deepEqual([mine.existing, yours.existing, theirs.existing], [false, false, false]);
    const again = await store.addJob(newJob({ idempotencyKey: 'order 7', callerId: 'first' }));
    assert.deepEqual([again.existing, again.job.id], [true, mine.job.id]);
  });

  it('takes no more than may wait, however many come at once, but still knows a job that it has', async () => {
    await using opened = await open();
    const { store } = opened;
    const known = await store.addJob(newJob({ idempotencyKey: 'known' }), { maxQueued: 3 });
    const answers = await Promise.allSettled(Array.from({ length: 9 }, () => store.addJob(newJob(), { maxQueued: 3 })));
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    assert.equal(refused.length, 7);
    assert.ok(refused.every((error) => error instanceof QueueFullError && error.limit === 3));
    assert.equal((await store.queueCounts()).queued, 3);
    const again = await store.addJob(newJob({ idempotencyKey: 'known' }), { maxQueued: 3 });
    assert.equal(again.job.id, known.job.id);
    await claimed(store);
    await store.addJob(newJob(), { maxQueued: 3 });
  });

  it('tells how long the last completed attempts took, and how far those are that run', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    assert.deepEqual(await store.pace(), { jobSeconds: null, working: [] });
    for (const seconds of [4, 6]) {
      await added(store);
      const { lease } = await claimed(store);
      time += seconds * 1000;
      await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    }
    await added(store);
    await claimed(store);
    const startedAt = new Date(time);
    assert.deepEqual(await store.pace(), {
      jobSeconds: 5,
      working: [{ startedAt, etaSeconds: null, needs: 'COMPACT AUTO' }],
    });
  });
}
