import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Job } from '../../jobs/job.ts';
import { added, claimed, everythingOf, type OpenStore, quietly, storyOf } from './samples.ts';

/** What a client calls a job, and changes later. */
export function labelsContract(open: OpenStore): void {
  it('changes what is given and leaves the rest; null clears', async () => {
    await using opened = await open();
    const { store } = opened;
    const job = await added(store);
    const other = await added(store);
    const changes = { title: 'A\0ddress', tags: ['a', 'b'], metadata: { page: 7 }, priority: 3 };
    const changed = await store.updateJob(job.id, changes);
    assert.deepEqual(changed, { ...job, ...changes, title: 'A\uFFFDddress', updatedAt: changed?.updatedAt });
    assert.deepEqual(timeless(await store.updateJob(job.id, {})), timeless(changed));
    const cleared = await store.updateJob(job.id, { title: null, tags: [], metadata: null });
    assert.deepEqual(timeless(cleared), { ...timeless(job), title: null, tags: [], metadata: null, priority: 3 });
    assert.deepEqual(await store.job(job.id), cleared);
    assert.deepEqual(await store.job(other.id), other);
    assert.equal(await store.updateJob('job_unknown', changes), null);
  });

  it('has a job found by its new title and tags, and no longer by those before', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, { title: 'before', tags: ['kept', 'gone'] });
    await store.updateJob(id, { title: 'after', tags: ['kept', 'come'] });
    const counts = [
      { titleContains: 'before' },
      { tag: 'gone' },
      { titleContains: 'after' },
      { tag: 'kept' },
      { tag: 'come' },
    ];
    assert.deepEqual(await Promise.all(counts.map((filter) => store.countJobs(filter))), [0, 0, 1, 1, 1]);
    await store.updateJob(id, { title: null });
    assert.equal(await store.countJobs({ titleContains: 'after' }), 0);
    await store.deleteJob(id);
    assert.deepEqual(await store.jobs({ tag: 'kept' }, { limit: 1 }), []);
  });

  it('gives a job that waits another place with another priority', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first, second] = [await added(store), await added(store)];
    await store.updateJob(second.id, { priority: 1 });
    assert.deepEqual(await store.queuePositions([second.id, first.id]), [1, 2]);
    await store.updateJob(second.id, { priority: 0 });
    assert.equal((await claimed(store)).job.id, first.id);
  });

  it('is a change, but no event, whatever the status', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.updateJob(id, { title: 'working' });
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    const { job: _, ...before } = await everythingOf(store, id);
    const changed: string[] = [];
    const listening = notifier.listen('job', (jobId) => {
      changed.push(jobId);
    });
    const job = await store.updateJob(id, { title: 'completed', priority: 9 });
    listening[Symbol.dispose]();
    assert.deepEqual(changed, [id]);
    assert.deepEqual(await everythingOf(store, id), { ...before, job });
    assert.deepEqual(await storyOf(store, id), ['QUEUED', 'WORKING', 'COMPLETED']);
  });
}

function timeless(job: Job | null): Partial<Job> {
  const { updatedAt: _, ...rest } = job ?? { updatedAt: null };
  return rest;
}
