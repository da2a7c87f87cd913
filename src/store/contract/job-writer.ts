import assert from 'node:assert/strict';
import { it } from 'node:test';
import { added, claimed, eventsOf, newJob, type OpenStore, storyOf } from './samples.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Adding and cancelling jobs. */
export function jobWriterContract(open: OpenStore): void {
  it('adds a job that waits, with all that was asked for and event 1', async () => {
    await using opened = await open(() => 1_700_000_000_000);
    const { store } = opened;
    const { job, existing } = await store.addJob(newJob());
    assert.equal(existing, false);
    assert.match(job.id, /^job_[\w-]{21}$/);
    const { metadata, options, priority, tags, title } = newJob();
    assert.deepEqual(
      {
        ...job,
        media: { name: job.media.name, key: job.media.key, bytes: job.media.bytes },
      },
      {
        metadata,
        options,
        priority,
        tags,
        title,
        id: job.id,
        owner: null,
        status: 'QUEUED',
        createdAt: new Date(1_700_000_000_000),
        startedAt: null,
        finishedAt: null,
        cancelRequestedAt: null,
        language: null,
        failure: null,
        media: { name: 'address.wma', key: { root: '/media', path: 'address.wma' }, bytes: 12 },
        progress: { stage: 'QUEUED', fraction: 0, processedSeconds: 0, etaSeconds: null, speed: null },
        segmentCount: 0,
        edited: false,
        lastEventSeq: 1,
        updatedAt: job.createdAt,
      },
    );
    assert.deepEqual(await store.job(job.id), job);
    assert.deepEqual(await eventsOf(store, job.id), [
      {
        kind: 'STATUS_CHANGED',
        status: 'QUEUED',
        previous: null,
        attempt: null,
        jobId: job.id,
        seq: 1,
        time: job.createdAt,
      },
    ]);
  });

  it('returns the first job for an idempotency key that is known since less than 24 h', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const first = await added(store, { idempotencyKey: 'order 7' });
    time += dayMs - 1;
    const again = await store.addJob(newJob({ idempotencyKey: 'order 7', title: 'Another' }));
    assert.deepEqual(again, { job: first, existing: true });
    assert.equal((await store.addJob(newJob({ idempotencyKey: 'order 8' }))).existing, false);
    assert.equal((await store.addJob(newJob())).existing, false);
    time += 1;
    const later = await store.addJob(newJob({ idempotencyKey: 'order 7' }));
    assert.equal(later.existing, false);
    assert.notEqual(later.job.id, first.id);
    assert.equal(await store.countJobs({}), 4);
  });

  it('adds one job for one idempotency key that comes many times at once', async () => {
    await using opened = await open();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => opened.store.addJob(newJob({ idempotencyKey: 'once' }))),
    );
    assert.equal(new Set(answers.map(({ job }) => job.id)).size, 1);
    assert.equal(answers.filter(({ existing }) => !existing).length, 1);
  });

  it('keeps text with halves of surrogate pairs and NUL as text without them', async () => {
    await using opened = await open();
    const broken = 'a\0b\uD800c\uDC00 \u{1F600} \\u0000';
    const clean = 'a\uFFFDb\uFFFDc\uFFFD \u{1F600} \\u0000';
    const job = await added(opened.store, {
      title: broken,
      tags: [broken],
      metadata: { [broken]: [broken], nested: { value: broken } },
    });
    assert.equal(job.title, clean);
    assert.deepEqual(job.tags, [clean]);
    assert.deepEqual(job.metadata, { [clean]: [clean], nested: { value: clean } });
  });

  it('cancels a waiting job at once, and a second time changes nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const job = await store.cancel(id);
    assert.equal(job?.status, 'CANCELLED');
    assert.equal(job.progress.stage, 'DONE');
    assert.ok(job.cancelRequestedAt !== null && job.finishedAt !== null);
    assert.deepEqual(await store.cancel(id), job);
    assert.deepEqual(await storyOf(store, id), ['QUEUED', 'CANCELLED']);
    assert.equal(await store.claim('test'), null);
  });

  it('marks a working job that is cancelled, once, without an event', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => (time += 10));
    const { store } = opened;
    await added(store);
    const { job } = await claimed(store);
    const marked = await store.cancel(job.id);
    assert.equal(marked?.status, 'WORKING');
    assert.ok(marked.cancelRequestedAt !== null);
    assert.deepEqual(await store.cancel(job.id), marked);
    assert.deepEqual(await storyOf(store, job.id), ['QUEUED', 'WORKING']);
  });

  it('answers a cancel and a retry of an unknown job with null', async () => {
    await using opened = await open();
    assert.equal(await opened.store.cancel('job_unknown'), null);
    assert.equal(await opened.store.retry('job_unknown', false), null);
  });
}
