import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PartBatch, PartClaim, PartLease, PartRange } from '../parts.ts';
import type { Store } from '../store.ts';
import type { Claim, Ending } from '../work.ts';
import { added, claimed, everythingOf, newBatch, newSegment, type OpenStore, quietly } from './samples.ts';

const provenance = { engine: '8', device: 'cpu', model: { id: 'base', sha256: 'x' } };
const media = { durationSeconds: 90, container: 'wav', codec: 'pcm', sampleRate: 8000, channels: 1, warnings: ['x'] };
const plan = {
  starts: [{ batch: 2, clip: 3, sample: 640_000 }],
  by: { engine: '8' },
  whole: { media: { ...media, tracks: [] }, peaks: [0.5, 1], readSeconds: 90, isSilent: false },
};
const ranges: readonly PartRange[] = [
  { batch: 2, clip: 3, sample: 640_000, to: 9 },
  { batch: 4, clip: 9, sample: 1_280_000, to: null },
];

function partBatch(batch: number): PartBatch {
  return {
    batch,
    segments: [newSegment(`batch ${batch}\0`, batch)],
    voices: [{ clip: batch, pieces: 'AAAA' }],
    checkpoint: { batch, resume: { clip: batch } },
  };
}

/** A job that runs, with two parts that nobody has. */
async function offered(store: Store): Promise<Claim> {
  await added(store);
  const claim = await claimed(store);
  assert.ok(await store.askForPlan(claim.lease, provenance));
  const part = await store.claimPart('reader', { jobId: claim.job.id });
  assert.ok(part && (await store.finishPart(part.lease, plan)));
  assert.ok(await store.offerParts(claim.lease, ranges, provenance));
  return claim;
}

async function taken(store: Store): Promise<PartClaim> {
  const part = await store.claimPart('reader');
  assert.ok(part);
  return part;
}

async function writesOf(store: Store, lease: PartLease): Promise<readonly boolean[]> {
  return [
    await store.savePartProcess(lease, { pid: 1, pidStartTime: 'x' }),
    await store.renewPart(lease),
    await store.appendToPart(lease, partBatch(2), 10),
    await store.leavePart(lease, { crashed: true, failure: null }),
    await store.finishPart(lease),
  ];
}

const statesOf = async (store: Store, jobId: string) => (await store.parts(jobId)).map(({ state }) => state);

/** Recordings that several engines read. */
export function partsContract(open: OpenStore): void {
  it('has a recording planned once, by whoever has time', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    assert.equal(await store.plan(id), null);
    assert.ok(await store.askForPlan(lease, provenance));
    assert.ok(await store.askForPlan(lease, provenance));
    const part = await taken(store);
    assert.deepEqual([part.job.id, part.number, part.range, part.checkpoint], [id, 0, null, null]);
    assert.deepEqual(part.provenance, provenance);
    assert.equal(await store.claimPart('reader'), null);
    assert.ok(await store.finishPart(part.lease, plan));
    assert.deepEqual((await store.plan(id))?.plan, plan);
    assert.ok(await store.askForPlan(lease, provenance));
    assert.equal(await store.claimPart('reader'), null);
    assert.deepEqual(await store.parts(id), []);
  });

  it('wakes who waits for something to do where there is a part to be read', async () => {
    await using opened = await open();
    const { store, notifier } = opened;
    await added(store);
    const { lease } = await claimed(store);
    let woken = 0;
    using stack = new DisposableStack();
    stack.use(notifier.listen('queue', () => (woken += 1)));
    const wakes = async (act: () => Promise<unknown>) => {
      const before = woken;
      await act();
      return woken > before;
    };
    assert.ok(await wakes(() => store.askForPlan(lease, provenance)), 'asked for');
    const part = await taken(store);
    assert.ok(await wakes(() => store.leavePart(part.lease, { crashed: false, failure: null })), 'left');
    await taken(store);
    const expired = await store.expiredParts(0);
    assert.ok(await wakes(() => store.freeParts(expired)), 'freed');
    assert.ok(await wakes(() => store.offerParts(lease, ranges, provenance)), 'offered');
  });

  it('gives the parts of jobs that run out in their order, each to one', async () => {
    await using opened = await open();
    const { store } = opened;
    const { job } = await offered(store);
    const other = await offered(store);
    const parts = [await taken(store), await taken(store), await taken(store)];
    assert.deepEqual(
      parts.map(({ lease, number }) => [lease.jobId, number]),
      [
        [job.id, 1],
        [job.id, 2],
        [other.job.id, 1],
      ],
    );
    assert.deepEqual(parts[1]?.range, ranges[1]);
    assert.deepEqual(parts[0]?.provenance, provenance);
    assert.equal(await store.claimPart('reader', { jobId: job.id }), null);
    assert.equal(await store.claimPart('reader', { except: [other.job.id] }), null);
    assert.equal(await store.claimPart('reader', { serves: { modes: ['LOW_LATENCY'] } }), null);
    assert.equal((await store.claimPart('reader', { jobId: other.job.id }))?.number, 2);
  });

  it('keeps what batches of a part have brought, and goes on after the last of them', async () => {
    await using opened = await open();
    const { store } = opened;
    const { job } = await offered(store);
    const { lease } = await taken(store);
    const before = await everythingOf(store, job.id);
    assert.ok(await store.appendToPart(lease, partBatch(2), 12.5));
    assert.ok(await store.leavePart(lease, { crashed: true, failure: null }));
    assert.deepEqual(await statesOf(store, job.id), ['FREE', 'FREE']);
    assert.equal((await store.parts(job.id))[0]?.processedSeconds, 12.5);
    const again = await taken(store);
    assert.deepEqual([again.number, again.crashes, again.checkpoint], [1, 1, partBatch(2).checkpoint]);
    assert.ok(await store.appendToPart(again.lease, partBatch(3), 20));
    assert.ok(await store.finishPart(again.lease));
    assert.deepEqual(await statesOf(store, job.id), ['DONE', 'FREE']);
    const batches = await store.partBatches(lease.id, -1);
    assert.deepEqual(
      batches.map(({ batch }) => batch),
      [2, 3],
    );
    assert.deepEqual(batches[1], { ...partBatch(3), segments: [newSegment('batch 3\uFFFD', 3)] });
    assert.equal((await store.partBatches(lease.id, 2)).length, 1);
    assert.deepEqual(await everythingOf(store, job.id), before, 'nothing is written to the job');
  });

  it('refuses every write of who has a part no longer', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const { job, lease: ofJob } = await offered(store);
    const { lease: lost } = await taken(store);
    assert.ok(await store.savePartProcess(lost, { pid: 7, pidStartTime: '8' }));
    time += 5000;
    assert.deepEqual(await store.expiredParts(5000), []);
    const [expired] = await store.expiredParts(4999);
    assert.deepEqual([expired?.id, expired?.jobId, expired?.pid, expired?.pidStartTime], [lost.id, job.id, 7, '8']);
    assert.ok(await store.renewPart(lost));
    assert.ok(expired);
    await store.freeParts([expired]);
    assert.ok(await store.renewPart(lost), 'it was renewed since');
    await store.freeParts(await store.expiredParts(0));
    const { lease, crashes } = await taken(store);
    assert.deepEqual([lease.id, crashes], [lost.id, 0]);
    const refused = Array.from({ length: 5 }, () => false);
    assert.deepEqual(await writesOf(store, lost), refused);
    assert.deepEqual(await store.partBatches(lost.id, -1), []);
    assert.ok(await store.dropParts(ofJob));
    assert.deepEqual(await writesOf(store, lease), refused);
    assert.deepEqual([await store.parts(job.id), await store.plan(job.id)], [[], null]);
  });

  it('takes a part back that nobody has, and no other', async () => {
    await using opened = await open();
    const { store } = opened;
    const { job, lease } = await offered(store);
    const part = await taken(store);
    const [first = '', second = ''] = (await store.parts(job.id)).map(({ id }) => id);
    assert.equal(await store.withdrawPart(lease, first), false);
    assert.equal(await store.withdrawPart(lease, second), true);
    await store.appendToPart(part.lease, partBatch(2), 5);
    await store.leavePart(part.lease, { crashed: false, failure: null });
    assert.equal(await store.withdrawPart(lease, first), false, 'something has come of it');
    assert.ok(await store.closePart(lease, first));
    assert.deepEqual(await store.parts(job.id), []);
    assert.deepEqual(await store.partBatches(first, -1), []);
  });

  it('gives nobody a part that cannot be read, or whose job is cancelled or waits', async () => {
    await using opened = await open();
    const { store } = opened;
    const { job, lease } = await offered(store);
    const part = await taken(store);
    const failure = { code: 'OUT_OF_MEMORY', message: 'x', hint: null, retryable: true } as const;
    assert.ok(await store.leavePart(part.lease, { crashed: false, failure }));
    assert.deepEqual((await store.parts(job.id))[0]?.failure, failure);
    assert.ok(await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly }));
    assert.equal(await store.claimPart('reader'), null);
    await claimed(store);
    assert.equal((await taken(store)).number, 2);
    await store.freeParts(await store.expiredParts(0));
    await store.cancel(job.id);
    assert.equal(await store.claimPart('reader'), null);
  });

  it('has no parts of a job that has ended, or begins again, and lets only its worker change them', async () => {
    await using opened = await open();
    const { store } = opened;
    const endings: readonly Ending[] = [
      { kind: 'COMPLETED', processedSeconds: 1, ...quietly },
      { kind: 'CANCELLED', ...quietly },
    ];
    for (const ending of endings) {
      const { job, lease } = await offered(store);
      const part = await taken(store);
      assert.ok(await store.appendToPart(part.lease, partBatch(2), 5));
      assert.ok(await store.finish(lease, ending));
      assert.deepEqual([await store.parts(job.id), await store.plan(job.id)], [[], null]);
      assert.equal(await store.renewPart(part.lease), false);
      assert.equal(await store.askForPlan(lease, provenance), false);
      assert.equal(await store.offerParts(lease, ranges, provenance), false);
      assert.equal(await store.removeStaleBatches(), 1);
      assert.equal(await store.removeStaleBatches(), 0);
    }
    const { job, lease } = await offered(store);
    await store.appendBatch(lease, newBatch(['one']));
    await store.clearTranscript(lease);
    assert.deepEqual(await store.parts(job.id), []);
    await store.askForPlan(lease, provenance);
    await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    await store.cancel(job.id);
    assert.equal(await store.plan(job.id), null);
  });
}
