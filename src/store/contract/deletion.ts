import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { added, claimed, eventsOf, newBatch, newJob, type OpenStore, quietly } from './samples.ts';

const line = { time: new Date(), level: 'INFO', event: 'test', message: 'A line.', fields: null } as const;
const upload = { name: 'address.wma', key: { kept: '1' }, bytes: 12, sha256: null };
const completed = { kind: 'COMPLETED', processedSeconds: 1, ...quietly } as const;

/** That a deleted job leaves nothing, and takes nothing with it that is not its own. */
export function deletionContract(open: OpenStore): void {
  it('removes a job with its events, segments, attempts and log lines, and nothing of another', async () => {
    await using opened = await open();
    const { store } = opened;
    const [job, other] = [await added(store, { callerId: 'first' }), await added(store, { callerId: 'second' })];
    for (const { id } of [job, other]) {
      const { lease } = await claimed(store);
      await store.appendBatch(lease, newBatch(['one', 'two']));
      await store.finish(lease, completed);
      await store.addLogs([{ ...line, jobId: id }]);
    }
    assert.deepEqual(await store.deleteJob(job.id), { refused: false, kept: null });
    for (const id of [job.id, other.id]) {
      const left = [
        await store.job(id),
        ...(await eventsOf(store, id)),
        ...(await store.segments(id, { limit: 10 })),
        ...(await store.attempts(id)),
        ...(await store.logs({ jobId: id }, { limit: 10 })),
      ];
      assert.equal(left.filter((row) => row !== null).length, id === job.id ? 0 : 1 + 5 + 2 + 1 + 1);
    }
    assert.equal(await store.countJobs({}), 1);
    assert.equal(await store.deleteJob(job.id), null);
    assert.equal(await store.deleteJob('job_unknown'), null);
  });

  it('refuses a job that works, also while it is being cancelled, and takes one that waits out of the queue', async () => {
    await using opened = await open();
    const { store } = opened;
    const [working, waiting] = [await added(store), await added(store)];
    const { lease } = await claimed(store);
    await store.cancel(working.id);
    assert.deepEqual(await store.deleteJob(working.id), { refused: true, job: await store.job(working.id) });
    assert.equal((await store.deleteJob(waiting.id))?.refused, false);
    assert.equal(await store.claim('test'), null);
    assert.ok(await store.finish(lease, { kind: 'CANCELLED', ...quietly }));
    assert.equal((await store.deleteJob(working.id))?.refused, false);
    assert.equal(await store.renew(lease), null);
    assert.deepEqual(await store.queueCounts(), { queued: 0, working: 0, oldestQueuedAt: null });
  });

  it('gives the copy of a recording free with the last job that has it, and never a recording of a client', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first, second] = [await added(store, { media: upload }), await added(store, { media: upload })];
    const byPath = await added(store, { media: { ...upload, key: { root: '/media', path: '1' } } });
    assert.deepEqual(await store.deleteJob(first.id), { refused: false, kept: null });
    assert.deepEqual(await store.deleteJob(second.id), { refused: false, kept: '1' });
    assert.deepEqual(await store.deleteJob(byPath.id), { refused: false, kept: null });
  });

  it('tells of a deleted job, forgets its idempotency key, and lets others work while a long one goes', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const { id } = await added(store, { idempotencyKey: 'once' });
    const { lease } = await claimed(store);
    const texts = Array.from({ length: 2500 }, (_, index) => `segment ${index}`);
    await store.appendBatch(lease, newBatch(texts));
    await store.finish(lease, completed);
    const changed: string[] = [];
    const listening = notifier.listen('job', (jobId) => {
      changed.push(jobId);
    });
    let turns = 0;
    const deleting = store.deleteJob(id);
    const isDone = deleting.then(() => true);
    while (!(await Promise.race([isDone, setImmediate(false)]))) turns += 1;
    await deleting;
    assert.ok(turns >= 50, `others had ${turns} turns`);
    assert.deepEqual(new Set(changed), new Set([id]));
    listening[Symbol.dispose]();
    assert.equal((await store.addJob(newJob({ idempotencyKey: 'once' }))).existing, false);
  });

  it('finds jobs that were finished before a time, the oldest first', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const ids: string[] = [];
    for (let job = 0; job < 3; job++) {
      ids.push((await added(store)).id);
      await store.finish((await claimed(store)).lease, completed);
      time += 1000;
    }
    await added(store);
    await claimed(store);
    assert.deepEqual(await store.finishedBefore(new Date(time - 1000), 10), ids.slice(0, 2));
    assert.deepEqual(await store.finishedBefore(new Date(time), 1), ids.slice(0, 1));
  });

  it('removes log lines that came after their job was deleted, and forgets it a minute later', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const { id } = await added(store);
    await store.deleteJob(id);
    for (let late = 0; late < 2; late++) {
      await store.addLogs([{ ...line, jobId: id }]);
      await store.finishDeletions();
      assert.deepEqual(await store.logs({ jobId: id }, { limit: 10 }), []);
    }
    time += 120_000;
    await store.finishDeletions();
    await store.addLogs([{ ...line, jobId: id }]);
    await store.finishDeletions();
    assert.equal((await store.logs({ jobId: id }, { limit: 10 })).length, 1);
  });
}
