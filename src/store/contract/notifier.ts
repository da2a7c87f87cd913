import assert from 'node:assert/strict';
import { it } from 'node:test';
import { added, claimed, newBatch, newJob, type OpenStore, quietly } from './samples.ts';

/** That listeners are told once of each changed job, when the change can be read. */
export function notifierContract(open: OpenStore): void {
  it('tells of a job when the event is there to be read', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const heard: Promise<readonly [number, number]>[] = [];
    const listening = notifier.listen('job', (jobId) => {
      const read = async () => {
        const job = await store.job(jobId);
        // More may have happened since.
        return [job?.lastEventSeq ?? 0, (await store.events(jobId, 0, 100)).length] as const;
      };
      heard.push(read());
    });
    const { id } = await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one']));
    await store.finish(lease, { kind: 'FAILED', failure: crash, ...quietly });
    await store.retry(id, true);
    await store.cancel(id);
    listening[Symbol.dispose]();
    const seen = await Promise.all(heard);
    assert.equal(seen.length, 6);
    for (const [seq, count] of seen) assert.ok(count >= seq, `${count} of ${seq}`);
    assert.ok((seen[0]?.[0] ?? 0) >= 1);
    assert.equal(seen.at(-1)?.[0], 8);
  });

  it('tells once of each job that changed, and of none where nothing did', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const changed: string[] = [];
    const listening = notifier.listen('job', (jobId) => {
      changed.push(jobId);
    });
    const first = await added(store, { idempotencyKey: 'one' });
    const second = await added(store);
    assert.deepEqual(changed.splice(0), [first.id, second.id]);
    const { lease } = await claimed(store);
    const { lease: other } = await claimed(store);
    assert.deepEqual(changed.splice(0), [first.id, second.id]);
    await store.cancel(first.id);
    await store.cancel(first.id);
    assert.deepEqual(changed.splice(0), [first.id]);
    await store.renew(lease);
    await store.addJob(newJob({ idempotencyKey: 'one' }));
    await store.retry(first.id, false);
    await store.appendBatch({ ...other, token: 'lost' }, newBatch(['lost']));
    await store.changeSettings({ mode: 'COMPACT' }, 'test');
    await store.probe();
    assert.deepEqual(changed.splice(0), []);
    await store.reap(await store.expiredAttempts(0));
    assert.deepEqual(changed.toSorted(), [first.id, second.id].toSorted());
    listening[Symbol.dispose]();
  });
}

const crash = { code: 'ENGINE_CRASHED', message: 'It crashed.', hint: null, retryable: true } as const;
