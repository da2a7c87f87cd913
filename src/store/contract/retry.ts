import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Job, JobFailure } from '../../jobs/job.ts';
import type { Store } from '../store.ts';
import { added, claimed, eventsOf, newBatch, type OpenStore, quietly, storyOf } from './samples.ts';

const failure: JobFailure = { code: 'ENGINE_CRASHED', message: 'It crashed.', hint: null, retryable: true };

/** FAILED and CANCELLED jobs that run again. */
export function retryContract(open: OpenStore): void {
  it('runs a failed job again from its checkpoint, with a new count of crashes', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await failed(store);
    const retried = await store.retry(id, false);
    assert.equal(retried?.refused, false);
    const { job } = retried;
    assert.deepEqual([job.status, job.failure, job.finishedAt, job.cancelRequestedAt], ['QUEUED', null, null, null]);
    assert.deepEqual([job.segmentCount, job.progress.stage, job.progress.fraction], [2, 'QUEUED', 0.5]);
    assert.deepEqual((await storyOf(store, id)).slice(-2), ['FAILED', 'QUEUED']);
    const claim = await claimed(store);
    assert.deepEqual([claim.lease.attempt, claim.crashes, claim.checkpoint], [3, 0, { batch: 2 }]);
    await store.appendBatch(claim.lease, newBatch(['three'], 0.75));
    assert.equal((await store.segments(id, { limit: 10 })).at(-1)?.item.index, 2);
  });

  it('runs a failed job again from the start: what was sent is void', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await failed(store);
    const retried = await store.retry(id, true);
    assert.equal(retried?.refused, false);
    const { job } = retried;
    assert.deepEqual([job.status, job.segmentCount, job.language, job.progress.fraction], ['QUEUED', 0, null, 0]);
    assert.deepEqual(await store.segments(id, { limit: 10 }), []);
    assert.deepEqual((await storyOf(store, id)).slice(-3), ['FAILED', 'TRANSCRIPT_CLEARED', 'QUEUED']);
    const cleared = (await eventsOf(store, id)).find((event) => event.kind === 'TRANSCRIPT_CLEARED');
    assert.equal(cleared?.attempt, 2);
    const claim = await claimed(store);
    assert.deepEqual([claim.lease.attempt, claim.checkpoint], [3, null]);
  });

  it('knows nothing more of speakers whom somebody has added and merged, once that is taken back or begun anew', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await failed(store);
    const edits = ['1', '2'].map((speaker, index) => ({ index, speaker }));
    await store.editSegments(id, edits, null);
    await store.mergeSpeakers(id, { keys: ['2'], into: '1' }, null);
    assert.equal((await store.job(id))?.edited, true);
    await store.revertSegments(id, null, null);
    assert.deepEqual([(await store.job(id))?.edited, await store.speakersOf([id])], [false, [[]]]);
    await store.retry(id, true);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one', 'two'], 0.5));
    await store.finish(lease, { kind: 'FAILED', failure, ...quietly });
    assert.ok(await store.editSegments(id, edits, null));
  });

  it('runs a job again that was cancelled while it waited or worked, and cancels it again', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    await store.cancel(id);
    assert.equal((await store.retry(id, true))?.job.status, 'QUEUED');
    const { lease } = await claimed(store);
    await store.cancel(id);
    assert.equal((await store.retry(id, false))?.refused, true);
    await store.finish(lease, { kind: 'CANCELLED', ...quietly });
    assert.equal((await store.retry(id, false))?.job.cancelRequestedAt, null);
    assert.equal((await store.cancel(id))?.status, 'CANCELLED');
    assert.deepEqual(await storyOf(store, id), [
      'QUEUED',
      'CANCELLED',
      'QUEUED',
      'WORKING',
      'CANCELLED',
      'QUEUED',
      'CANCELLED',
    ]);
  });

  it('refuses a job that waits, works or is completed, and changes nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    await refuses(store, id, 'QUEUED');
    const { lease } = await claimed(store);
    await refuses(store, id, 'WORKING');
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    await refuses(store, id, 'COMPLETED');
  });

  it('puts no more jobs back than may wait, also where several come at once', async () => {
    await using opened = await open();
    const { store } = opened;
    const ids = [await failed(store), await failed(store), await failed(store)].map(({ id }) => id);
    const results = await Promise.allSettled(ids.map((id) => store.retry(id, false, { limits: { maxQueued: 2 } })));
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    assert.deepEqual(refusals, ['QUEUE_FULL']);
    assert.equal((await store.queueCounts()).queued, 2);
    const refused = results.findIndex(({ status }) => status === 'rejected');
    assert.equal((await store.job(ids[refused] ?? ''))?.status, 'FAILED');
  });
}

async function failed(store: Store): Promise<Job> {
  const job = await added(store);
  const first = await claimed(store);
  await store.finish(first.lease, { kind: 'INTERRUPTED', crash: 'ENGINE_CRASHED', ...quietly });
  const { lease } = await claimed(store);
  await store.saveLanguage(lease, { code: 'en', probability: 1 });
  await store.appendBatch(lease, newBatch(['one', 'two'], 0.5));
  await store.finish(lease, { kind: 'FAILED', failure, ...quietly });
  return job;
}

async function refuses(store: Store, id: string, status: Job['status']): Promise<void> {
  const before = await store.job(id);
  assert.equal(before?.status, status);
  for (const fromStart of [false, true]) {
    assert.deepEqual(await store.retry(id, fromStart), { job: before, refused: true });
  }
}
