import assert from 'node:assert/strict';
import { it } from 'node:test';
import { added, claimed, eventsOf, newJob, type OpenStore } from './samples.ts';

/** That jobs whose recordings may still be written to wait, and hold nobody up. */
export function settlingContract(open: OpenStore): void {
  it('gives out no job before its recording is settled, and those behind it meanwhile', async () => {
    await using opened = await open();
    const { store } = opened;
    const first = await added(store, { settling: true, priority: 5 });
    const second = await added(store, { settling: true });
    const [third, fourth] = [await added(store), await added(store, { callerId: 'somebody else' })];
    const { key } = newJob().media;
    assert.deepEqual(
      await store.settling(),
      [first, second].map(({ id }) => ({ id, key })),
    );
    assert.equal((await store.queueCounts()).queued, 4);
    assert.deepEqual([(await claimed(store)).job.id, (await claimed(store)).job.id], [third.id, fourth.id]);
    assert.equal(await store.claim('test'), null);
    await store.settle(second.id, 34);
    const { job } = await claimed(store);
    assert.deepEqual([job.id, job.media.bytes], [second.id, 34]);
    await store.settle(first.id, null);
    assert.deepEqual([(await claimed(store)).job.media.bytes, await store.settling()], [12, []]);
  });

  it('tells of a job that is settled by no event, but wakes those who wait', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const { id } = await added(store, { settling: true });
    let woken = 0;
    const listening = notifier.listen('queue', () => (woken += 1));
    await store.settle(id, 34);
    assert.deepEqual([woken, (await eventsOf(store, id)).length], [1, 1]);
    await store.settle(id, 56);
    await store.settle('job_unknown', 56);
    assert.deepEqual([woken, (await store.job(id))?.media.bytes], [1, 34]);
    listening[Symbol.dispose]();
  });

  it('cancels and removes a job that waits, and has a retried one wait again', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, { settling: true });
    assert.equal((await store.cancel(id))?.status, 'CANCELLED');
    assert.deepEqual(await store.settling(), []);
    await store.retry(id, false);
    assert.equal(await store.claim('test'), null);
    assert.equal((await store.settling()).length, 1);
    await store.deleteJob(id);
    assert.deepEqual([await store.settling(), await store.claim('test')], [[], null]);
  });
}
