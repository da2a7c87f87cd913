import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Job } from '../../jobs/job.ts';
import { added, claimed, type OpenStore, quietly } from './samples.ts';

/** Which job is next. */
export function queueContract(open: OpenStore): void {
  it('gives out the highest priority first, then the order of arrival, also within one millisecond', async () => {
    await using opened = await open(() => 1_700_000_000_000);
    const { store } = opened;
    const jobs: Job[] = [];
    for (const priority of [0, -1, 5, 0, 5]) jobs.push(await added(store, { priority }));
    const order = [2, 4, 0, 3, 1].map((index) => jobs[index]?.id ?? '');
    assert.deepEqual(await store.queuePositions(order), [1, 2, 3, 4, 5]);
    for (const id of order) assert.equal((await claimed(store)).job.id, id);
    assert.equal(await store.claim('test'), null);
  });

  it('gives each job to one worker, however many ask at once', async () => {
    await using opened = await open();
    const { store } = opened;
    for (let job = 0; job < 3; job++) await added(store);
    const ask = async () => {
      const claims = await Promise.all(Array.from({ length: 8 }, (_, worker) => store.claim(`worker ${worker}`)));
      return claims.flatMap((claim) => claim?.job.id ?? []);
    };
    const ids: string[] = [];
    // One may be passed over while the place of another is taken: who waits is told then to ask again.
    for (let some = await ask(); some.length > 0; some = await ask()) ids.push(...some);
    assert.equal(ids.length, 3);
    assert.equal(new Set(ids).size, 3);
  });

  it('starts a claimed job, with an attempt of its worker', async () => {
    const time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const { id } = await added(store);
    const { lease, job, checkpoint, crashes } = await claimed(store);
    assert.deepEqual([lease.jobId, lease.attempt, checkpoint, crashes], [id, 1, null, 0]);
    assert.ok(lease.token.length >= 16);
    assert.equal(job.status, 'WORKING');
    assert.equal(job.progress.stage, 'STARTING');
    assert.deepEqual(job.startedAt, new Date(time));
    assert.equal(job.lastEventSeq, 2);
    assert.deepEqual(await store.attempts(id), [
      {
        number: 1,
        startedAt: new Date(time),
        worker: 'test',
        finishedAt: null,
        outcome: null,
        device: null,
        provenance: null,
        exitCode: null,
        signal: null,
        peakMemoryBytes: null,
      },
    ]);
    const [, event] = await store.events(id, 0, 10);
    assert.ok(event?.kind === 'STATUS_CHANGED');
    assert.deepEqual([event.status, event.previous, event.attempt], ['WORKING', 'QUEUED', 1]);
  });

  it('keeps the place of an interrupted job, and puts a retried one at the end', async () => {
    await using opened = await open();
    const { store } = opened;
    const first = await added(store);
    const second = await added(store);
    const { lease } = await claimed(store);
    assert.ok(await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly }));
    assert.deepEqual(await store.queuePositions([first.id]), [1]);
    await store.cancel(first.id);
    assert.deepEqual(await store.queuePositions([first.id]), [null]);
    await store.retry(first.id, false);
    assert.deepEqual(await store.queuePositions([first.id, 'job_unknown', second.id, first.id]), [2, null, 1, 2]);
  });

  it('counts what waits and what runs', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => (time += 1000));
    const { store } = opened;
    assert.deepEqual(await store.queueCounts(), { queued: 0, working: 0, oldestQueuedAt: null });
    await added(store);
    await claimed(store);
    assert.deepEqual(await store.queueCounts(), { queued: 0, working: 1, oldestQueuedAt: null });
    const oldest = await added(store);
    await added(store, { priority: 9 });
    assert.deepEqual(await store.queueCounts(), { queued: 2, working: 1, oldestQueuedAt: oldest.createdAt });
  });
}
