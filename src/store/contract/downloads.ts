import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobFailure } from '../../jobs/job.ts';
import type { NewJob, Store } from '../store.ts';
import { added, claimed, eventsOf, newJob, type OpenStore, storyOf } from './samples.ts';

const failure: JobFailure = { code: 'DOWNLOAD_FAILED', message: 'It is gone.', hint: null, retryable: true };
const there = { bytes: 34, sha256: 'abc' };
const leaseMs = 10_000;
const url = 'http://alice:pass@example.org/a.wav?signature=x';

/** A job whose recording is to be fetched. */
function addedByUrl(store: Store, kept: string, changes: Partial<NewJob> = {}) {
  return added(store, { media: { name: kept, key: { kept }, bytes: null, sha256: null }, url, ...changes });
}

async function waiting(store: Store): Promise<readonly string[]> {
  return (await store.waitingDownloads()).map(({ kept }) => kept);
}

/** That jobs whose recordings are fetched wait for them, and hold nobody up. */
export function downloadsContract(open: OpenStore): void {
  it('gives out no job before its recording is there, and counts no place for it', async () => {
    await using opened = await open();
    const { store } = opened;
    const first = await addedByUrl(store, 'first', { priority: 5 });
    const second = await added(store);
    assert.deepEqual(await store.queuePositions([first.id, second.id]), [null, 1]);
    assert.deepEqual(await store.waitingDownloads(), [
      { id: first.id, caller: '', kept: 'first', url, validator: null },
    ]);
    assert.equal((await claimed(store)).job.id, second.id);
    assert.equal(await store.claim('test'), null);
    assert.ok(await store.claimDownload(first.id, leaseMs));
    assert.equal(await store.finishDownload(first.id, there), true);
    assert.deepEqual(await store.queuePositions([first.id]), [1]);
    const { job } = await claimed(store);
    assert.deepEqual([job.id, job.media.bytes, job.media.sha256], [first.id, 34, 'abc']);
    assert.deepEqual(await store.waitingDownloads(), []);
  });

  it('names of each caller the first of the queue, also after priorities changed', async () => {
    await using opened = await open();
    const { store } = opened;
    const names = ['one', 'two', 'three'];
    const jobs = [];
    for (const kept of names) jobs.push(await addedByUrl(store, kept, { callerId: 'alice' }));
    await addedByUrl(store, 'urgent', { callerId: 'bob', priority: 1 });
    await addedByUrl(store, 'nobody');
    assert.deepEqual(await waiting(store), ['urgent', 'one', 'nobody']);
    await store.updateJob(jobs[2]?.id ?? '', { priority: 9 });
    assert.deepEqual(await waiting(store), ['three', 'urgent', 'nobody']);
    await store.cancel(jobs[2]?.id ?? '');
    await store.deleteJob(jobs[0]?.id ?? '');
    assert.deepEqual(await waiting(store), ['urgent', 'two', 'nobody']);
  });

  it('tells how much is there, under the name that was found, and that the job waits for a slot then', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    const { id } = await addedByUrl(store, 'a');
    let woken = 0;
    const listening = notifier.listen('job', () => (woken += 1));
    assert.equal((await store.claimDownload(id, leaseMs))?.validator, null);
    await store.beginDownload(id, { validator: '"1"', name: 'Größe.wav' });
    await store.progressDownload(id, 0.5);
    const job = await store.job(id);
    assert.deepEqual([job?.status, job?.progress.stage, job?.progress.fraction], ['QUEUED', 'DOWNLOADING', 0.5]);
    assert.equal((await store.waitingDownloads())[0]?.validator, '"1"');
    assert.equal(await store.countJobs({ mediaNameContains: 'grösse' }), 1);
    await store.beginDownload(id, { validator: null, name: null });
    await store.finishDownload(id, there);
    assert.deepEqual((await store.job(id))?.media.name, 'Größe.wav');
    const told = (await eventsOf(store, id)).map((event) =>
      event.kind === 'PROGRESSED' ? [event.progress.stage, event.progress.fraction] : event.kind,
    );
    assert.deepEqual(told, ['STATUS_CHANGED', ['DOWNLOADING', 0], ['DOWNLOADING', 0.5], ['QUEUED', 0]]);
    assert.equal(woken, 5);
    listening[Symbol.dispose]();
  });

  it('fails a job whose recording does not come, and fetches it again when it is retried', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await addedByUrl(store, 'a');
    await store.claimDownload(id, leaseMs);
    await store.beginDownload(id, { validator: '"1"', name: null });
    await store.progressDownload(id, 0.5);
    assert.equal(await store.failDownload(id, failure), true);
    const failed = await store.job(id);
    assert.deepEqual([failed?.status, failed?.failure, failed?.progress.stage], ['FAILED', failure, 'DONE']);
    assert.ok(failed?.finishedAt);
    assert.deepEqual(await waiting(store), []);
    for (const fromStart of [false, true]) {
      assert.equal((await store.retry(id, fromStart))?.job.progress.fraction, 0);
      assert.deepEqual(await store.waitingDownloads(), [{ id, caller: '', kept: 'a', url, validator: '"1"' }]);
      assert.equal(await store.claim('test'), null);
      await store.cancel(id);
      assert.deepEqual(await waiting(store), []);
    }
    const story = (await storyOf(store, id)).join(' ');
    assert.equal(story, 'QUEUED PROGRESSED PROGRESSED FAILED QUEUED CANCELLED QUEUED CANCELLED');
  });

  it('writes nothing about a job that does not wait for its recording any more', async () => {
    await using opened = await open();
    const { store } = opened;
    const cancelled = await addedByUrl(store, 'cancelled');
    await store.cancel(cancelled.id);
    const done = await addedByUrl(store, 'done');
    await store.claimDownload(done.id, leaseMs);
    await store.finishDownload(done.id, there);
    const byPath = await added(store);
    for (const id of [cancelled.id, done.id, byPath.id, 'job_unknown']) {
      const before = await store.job(id);
      assert.deepEqual(
        [
          await store.claimDownload(id, leaseMs),
          await store.beginDownload(id, { validator: null, name: 'b' }),
          await store.progressDownload(id, 0.5),
          await store.finishDownload(id, there),
          await store.failDownload(id, failure),
        ],
        [null, false, false, false, false],
      );
      assert.deepEqual(await store.job(id), before);
    }
  });

  it('adds one job for a key that is sent twice, and counts it among those that wait', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await addedByUrl(store, 'a', { idempotencyKey: 'once' });
    const again = { media: { name: 'b', key: { kept: 'b' }, bytes: null, sha256: null }, url, idempotencyKey: 'once' };
    assert.deepEqual((await store.addJob(newJob(again))).job.id, id);
    assert.deepEqual(await waiting(store), ['a']);
    await assert.rejects(store.addJob(newJob({ url }), { maxQueued: 1 }), { code: 'QUEUE_FULL' });
  });
}
