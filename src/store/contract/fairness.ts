import assert from 'node:assert/strict';
import { it } from 'node:test';
import { QueueFullError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import type { Store } from '../store.ts';
import { added, claimed, newJob, type OpenStore, quietly } from './samples.ts';

/** That callers share the queue, and how full it may get. */
export function fairnessContract(open: OpenStore): void {
  it('lets callers take turns, so that one with 300 jobs holds up nobody', async () => {
    await using opened = await open();
    const { store } = opened;
    const many: Job[] = [];
    for (let job = 0; job < 300; job++) many.push(await added(store, { callerId: 'many' }));
    const few = [await added(store, { callerId: 'few' }), await added(store, { callerId: 'few' })];
    const nobody = await added(store);
    const order = [many[0], few[0], nobody, many[1], few[1], many[2], many[3]].map((job) => job?.id ?? '');
    assert.deepEqual(await store.queuePositions(order), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await store.queuePositions([many.at(-1)?.id ?? '']), [303]);
    for (const id of order) assert.equal((await claimed(store)).job.id, id);
    const late = await added(store, { callerId: 'few' });
    assert.deepEqual(await store.queuePositions([late.id]), [1], 'its turn was longest ago');
    assert.equal((await claimed(store)).job.id, late.id);
  });

  it('takes turns within one priority: a higher one goes first, whoever it belongs to', async () => {
    await using opened = await open();
    const { store } = opened;
    const low = await added(store, { callerId: 'first' });
    const high: Job[] = [];
    for (let job = 0; job < 2; job += 1) high.push(await added(store, { callerId: 'second', priority: 5 }));
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

  it('brings a caller up who has cancelled jobs, and gives no turns for those', async () => {
    await using opened = await open();
    const { store } = opened;
    const mine = await addedMany(store, 'mine', 30);
    const yours = await addedMany(store, 'yours', 30);
    for (const id of mine.slice(0, 28)) await store.cancel(id);
    assert.deepEqual(await store.queuePositions([mine[28] ?? '', yours[0] ?? '']), [1, 2]);
    const claims = await claimedIds(store, 5);
    assert.deepEqual(claims, [mine[28], yours[0], mine[29], yours[1], yours[2]]);
  });

  it('lets a caller who was away begin with the others, and not before them', async () => {
    await using opened = await open();
    const { store } = opened;
    const steady = await addedMany(store, 'steady', 30);
    await claimedIds(store, 20);
    const back = await addedMany(store, 'back', 3);
    assert.deepEqual(await claimedIds(store, 5), [back[0], steady[20], back[1], steady[21], back[2]]);
  });

  it('begins the jobs of a caller in the order in which they came, also those whose recordings came late, and gives them no turn more', async () => {
    await using opened = await open();
    const { store } = opened;
    const coming = [{ url: 'https://example.org/a' }, { url: 'https://example.org/b' }, { settling: true }];
    const late: string[] = [];
    for (const how of coming) late.push((await added(store, { callerId: 'mine', ...how })).id);
    const mine = await addedMany(store, 'mine', 4);
    const yours = await addedMany(store, 'yours', 8);
    assert.deepEqual(await claimedIds(store, 2), [mine[0], yours[0]]);
    for (const id of late.slice(0, 2)) {
      await store.claimDownload(id, 10_000);
      await store.finishDownload(id, { bytes: 1, sha256: 'x' });
    }
    await store.settle(late[2] ?? '', null);
    const order = [...late, ...mine.slice(1)].flatMap((id, turn) => [id, yours[turn + 1] ?? '']);
    assert.deepEqual(await store.queuePositions(order), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.deepEqual(await claimedIds(store, 12), order);
  });

  it('keeps the order of arrival of a job whose priority is changed, among the jobs of its caller', async () => {
    await using opened = await open();
    const { store } = opened;
    const [first = '', ...mine] = await addedMany(store, 'mine', 3);
    const yours = await addedMany(store, 'yours', 3);
    await store.updateJob(first, { priority: 1 });
    assert.deepEqual(await store.queuePositions([first, ...mine.slice(0, 1), ...yours.slice(0, 1)]), [1, 2, 3]);
    await store.updateJob(first, { priority: 0 });
    assert.deepEqual(await claimedIds(store, 6), [first, yours[0], mine[0], yours[1], mine[1], yours[2]]);
  });

  it('gives a worker the jobs that it serves, each caller in turn, and leaves the others', async () => {
    await using opened = await open();
    const { store } = opened;
    const { options } = newJob();
    const add = async (callerId: string, changes: Partial<typeof options>) =>
      (await added(store, { callerId, options: { ...options, ...changes } })).id;
    const turbo = [await add('a', { mode: 'TURBO' }), await add('b', { mode: 'TURBO', computePower: 'GPU_ONLY' })];
    const compact = [
      await add('a', { mode: 'COMPACT' }),
      await add('b', { mode: 'COMPACT', computePower: 'CPU_ONLY' }),
    ];
    const cpu = { computePowers: ['AUTO', 'CPU_ONLY'] } as const;
    assert.deepEqual(await store.queuePositions(compact, ['COMPACT AUTO', 'COMPACT CPU_ONLY']), [1, 2]);
    assert.equal(await store.claim('test', { modes: ['HIGH_ACCURACY'] }), null);
    assert.equal((await store.claim('test', { modes: ['COMPACT'], ...cpu }))?.job.id, compact[0]);
    assert.equal((await store.claim('test', cpu))?.job.id, turbo[0]);
    assert.equal((await store.claim('test', cpu))?.job.id, compact[1]);
    assert.equal(await store.claim('test', cpu), null);
    assert.equal((await store.claim('test'))?.job.id, turbo[1]);
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

async function addedMany(store: Store, callerId: string, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let job = 0; job < count; job += 1) ids.push((await added(store, { callerId })).id);
  return ids;
}

async function claimedIds(store: Store, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let claim = 0; claim < count; claim += 1) ids.push((await claimed(store)).job.id);
  return ids;
}
