import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { WorkerReport } from '../../jobs/worker.ts';
import { added, claimed, type OpenStore } from './samples.ts';

const leaseMs = 10_000;
const dayMs = 86_400_000;

const engine = {
  ready: true,
  engine: '1',
  fasterWhisper: '1.2.1',
  ctranslate2: '4.6.0',
  python: '3.13.5',
  confined: ['network'],
  problem: null,
};

const model = { id: 'base', installed: true, bytes: 141, downloading: null, because: null, problem: null };

/** What a worker says of itself. */
export const reportOf = (id: string, changes: Partial<WorkerReport> = {}): WorkerReport => ({
  id,
  name: `host:${id}`,
  version: '1.0.0',
  slots: 2,
  devices: ['cpu'],
  models: [model],
  classes: ['COMPACT AUTO'],
  engine: null,
  ...changes,
});

/** Who runs jobs. */
export function workersContract(open: OpenStore): void {
  it('keeps what workers say of themselves, with the jobs that they run', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    assert.deepEqual(await store.workers(leaseMs), []);
    const startedAt = new Date(time);
    assert.deepEqual(await store.seeWorker(reportOf('a', { name: 'test' })), { draining: false });
    await added(store);
    await claimed(store);
    time += 3000;
    const said = reportOf('a', { name: 'test', slots: 3, devices: ['cpu', '0 H200'], models: [], engine });
    await store.seeWorker(said);
    await store.seeWorker(reportOf('b'));
    const seenAt = new Date(time);
    const [a, b] = await store.workers(leaseMs);
    assert.deepEqual(a, { ...said, status: 'READY', working: 1, startedAt, seenAt });
    assert.deepEqual(b, { ...reportOf('b'), status: 'READY', working: 0, startedAt: seenAt, seenAt });
  });

  it('tells who was lost, also where the clock was set back', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const statuses = async () => (await store.workers(leaseMs)).map(({ id, status }) => `${id} ${status}`);
    await store.seeWorker(reportOf('a'));
    time += leaseMs;
    await store.seeWorker(reportOf('b'));
    assert.deepEqual(await statuses(), ['a READY', 'b READY']);
    time += 1;
    assert.deepEqual(await statuses(), ['a LOST', 'b READY']);
    time -= dayMs / 2;
    assert.deepEqual(await statuses(), ['a LOST', 'b LOST']);
    await store.seeWorker(reportOf('b'));
    assert.deepEqual(await statuses(), ['a LOST', 'b READY']);
  });

  it('forgets who leaves, who came again under the same name, and who was lost a day ago', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const ids = async () => (await store.workers(leaseMs)).map(({ id }) => id);
    for (const id of ['a', 'b', 'c']) await store.seeWorker(reportOf(id));
    await store.forgetWorkers('a');
    assert.deepEqual(await ids(), ['b', 'c']);
    await store.seeWorker(reportOf('d', { name: 'host:b' }));
    assert.deepEqual(await ids(), ['c', 'd']);
    time += dayMs;
    await store.seeWorker(reportOf('d', { name: 'host:b' }));
    assert.deepEqual(await ids(), ['c', 'd']);
    time += 1;
    await store.seeWorker(reportOf('d', { name: 'host:b' }));
    assert.deepEqual(await ids(), ['d']);
    await store.forgetWorkers(null);
    assert.deepEqual(await ids(), []);
  });

  it('drains a worker, which hears of it at once and at its next report', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    await store.seeWorker(reportOf('a'));
    assert.equal(await store.drainWorker('unknown'), false);
    const heard = Promise.withResolvers<void>();
    using stack = new DisposableStack();
    stack.use(notifier.listen('worker', () => heard.resolve(), 'a'));
    assert.equal(await store.drainWorker('a'), true);
    await heard.promise;
    const [worker] = await store.workers(leaseMs);
    assert.equal(worker?.status, 'DRAINING');
    assert.deepEqual(await store.seeWorker(reportOf('a')), { draining: true });
  });

  it('keeps the last that is asked of all workers for a model, in the order in which it was asked', async () => {
    const time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store, notifier } = opened;
    let heard = 0;
    using stack = new DisposableStack();
    stack.use(notifier.listen('worker', () => (heard += 1)));
    assert.deepEqual(await store.modelRequests(), []);
    await store.requestModel('tiny', 'DOWNLOAD');
    await store.requestModel('base', 'DOWNLOAD');
    await store.requestModel('tiny', 'REMOVE');
    assert.equal(heard, 3);
    assert.deepEqual(await store.modelRequests(), [
      { model: 'base', action: 'DOWNLOAD', requestedAt: new Date(time + 1) },
      { model: 'tiny', action: 'REMOVE', requestedAt: new Date(time + 2) },
    ]);
  });
}
