import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobFailure } from '../../jobs/job.ts';
import type { Ending } from '../work.ts';
import { added, claimed, newBatch, type OpenStore, quietly, storyOf } from './samples.ts';

const failure: JobFailure = { code: 'MEDIA_CORRUPT', message: 'It is broken.', hint: null, retryable: false };
const endings: readonly Ending[] = [
  { kind: 'COMPLETED', processedSeconds: 99, ...quietly },
  { kind: 'FAILED', failure, ...quietly },
  { kind: 'CANCELLED', ...quietly },
  { kind: 'INTERRUPTED', crash: null, ...quietly },
  { kind: 'INTERRUPTED', crash: 'ENGINE_CRASHED', ...quietly },
];

/** How attempts end, and what becomes of their jobs. */
export function endingContract(open: OpenStore): void {
  it('completes a job: all of it is done', async () => {
    await using opened = await open();
    const { store } = opened;
    await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one'], 0.5));
    assert.ok(await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 99, ...quietly }));
    const job = await store.job(lease.jobId);
    assert.deepEqual([job?.status, job?.failure, job?.segmentCount], ['COMPLETED', null, 1]);
    assert.ok(job?.finishedAt);
    const { etaSeconds, fraction, processedSeconds, stage } = job.progress;
    assert.deepEqual([stage, fraction, processedSeconds, etaSeconds], ['DONE', 1, 99, null]);
    assert.deepEqual((await storyOf(store, job.id)).at(-1), 'COMPLETED');
  });

  it('fails a job with the reason, and keeps how far it came', async () => {
    await using opened = await open();
    const { store } = opened;
    await added(store);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one'], 0.5));
    const provenance = { engine: '1.2.1' };
    await store.finish(lease, {
      kind: 'FAILED',
      failure,
      exitCode: 1,
      signal: 'SIGABRT',
      peakMemoryBytes: 5e9,
      provenance,
    });
    const job = await store.job(lease.jobId);
    assert.deepEqual([job?.status, job?.failure], ['FAILED', failure]);
    assert.deepEqual([job?.progress.stage, job?.progress.fraction], ['DONE', 0.5]);
    const [attempt] = await store.attempts(lease.jobId);
    assert.deepEqual([attempt?.outcome, attempt?.exitCode, attempt?.signal], ['FAILED', 1, 'SIGABRT']);
    assert.deepEqual([attempt?.peakMemoryBytes, attempt?.provenance], [5e9, provenance]);
    assert.ok(attempt?.finishedAt);
  });

  it('gives an interrupted job back to the queue, and counts only the crashes of the engine', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const crashes = [null, 'ENGINE_CRASHED', null, 'ENGINE_STALLED', 'ENGINE_CRASHED'] as const;
    for (const [attempt, crash] of crashes.entries()) {
      const claim = await claimed(store);
      assert.deepEqual([claim.lease.attempt, claim.crashes], [attempt + 1, [0, 0, 1, 1, 2][attempt]]);
      await store.finish(claim.lease, { kind: 'INTERRUPTED', crash, ...quietly });
      const job = await store.job(id);
      assert.deepEqual([job?.status, job?.progress.stage, job?.finishedAt], ['QUEUED', 'QUEUED', null]);
    }
    assert.equal((await claimed(store)).crashes, 3);
    await store.reap(await store.expiredAttempts(0));
    assert.equal((await claimed(store)).crashes, 3);
  });

  it('goes on from the checkpoint with the progress that belongs to it', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => (time += 1000));
    const { store } = opened;
    const { id } = await added(store);
    const first = await claimed(store);
    await store.finish(first.lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    assert.equal((await store.job(id))?.progress.fraction, 0);
    const second = await claimed(store);
    await store.appendBatch(second.lease, newBatch(['one'], 0.5));
    await store.finish(second.lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    const third = await claimed(store);
    assert.deepEqual(third.job.startedAt, first.job.startedAt);
    assert.deepEqual(third.checkpoint, { batch: 1 });
    assert.deepEqual(third.job.progress, {
      stage: 'STARTING',
      fraction: 0.5,
      processedSeconds: 50,
      etaSeconds: null,
      speed: null,
    });
    assert.equal(third.job.segmentCount, 1);
  });

  for (const [index, ending] of endings.entries()) {
    it(`cancels a job that was asked to be cancelled, whatever its end says: ${ending.kind}, case ${index}`, async () => {
      await using opened = await open();
      const { store } = opened;
      await added(store);
      const { lease } = await claimed(store);
      await store.appendBatch(lease, newBatch(['kept'], 0.5));
      await store.cancel(lease.jobId);
      assert.ok(await store.finish(lease, ending));
      const job = await store.job(lease.jobId);
      assert.deepEqual([job?.status, job?.failure, job?.segmentCount], ['CANCELLED', null, 1]);
      assert.deepEqual([job?.progress.stage, job?.progress.fraction], ['DONE', 0.5]);
      assert.equal((await store.attempts(lease.jobId))[0]?.outcome, 'CANCELLED');
      assert.equal((await storyOf(store, lease.jobId)).filter((word) => word === 'CANCELLED').length, 1);
    });
  }

  it('leaves a job that is over as it is when it is cancelled', async () => {
    await using opened = await open();
    const { store } = opened;
    for (const ending of endings.slice(0, 2)) {
      const { id } = await added(store);
      await store.finish((await claimed(store)).lease, ending);
      const over = await store.job(id);
      assert.deepEqual(await store.cancel(id), over);
      assert.equal(over?.status, ending.kind);
    }
  });
}
