import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { DetectionClaim } from '../detections.ts';
import type { Store } from '../store.ts';
import type { TellSpeakers } from '../work.ts';
import { openRandom } from '../../testing/chaos/random.ts';
import { checkStory } from './check-story.ts';
import { added, everythingOf, newJob, type OpenStore } from './samples.ts';
import { anybody, completed, cutBy, fishes, heard, told } from './speakers.ts';

async function taken(store: Store): Promise<DetectionClaim> {
  return (await store.claimDetection('test')) ?? assert.fail('Nothing is to be taken.');
}

async function asked(store: Store, jobId: string): Promise<string> {
  return (await store.requestDetection(jobId, anybody)) ?? assert.fail('There is no such job.');
}

/** Everybody is one. */
const allOne = (store: Store, id: string) => cutBy(store, id, () => '1');

/** That speakers are told apart again by workers that take what was asked for, and that of what is begun nothing is seen before it is done. */
export function detectionsContract(open: OpenStore): void {
  it('gives out what was asked for first, to one worker a job', async () => {
    await using opened = await open();
    const { store } = opened;
    const [one, other] = [await told(store, ['one fish']), await told(store, ['two fish'])];
    const ids = [await asked(store, one), await asked(store, one), await asked(store, other)];
    const [first, second] = [await taken(store), await taken(store)];
    assert.deepEqual([first.lease.id, second.lease.id], [ids[0], ids[2]]);
    assert.equal(await store.claimDetection('test'), null);
    assert.equal(await store.finishDetection(first.lease, allOne(store, one)), true);
    assert.deepEqual(await store.awaitDetection(first.lease.id), { kind: 'DONE' });
    assert.deepEqual(await store.awaitDetection(ids[1] ?? ''), { kind: 'OPEN' });
    assert.equal((await taken(store)).lease.id, ids[1]);
    assert.equal(await store.requestDetection('job_unknown', anybody), null);
    assert.equal(await store.awaitDetection('detection_unknown'), null);
  });

  it('lets callers take turns, whoever asks for how many: between two of one caller each who waits has one', async () => {
    await using opened = await open();
    const { store } = opened;
    const random = openRandom(24);
    const callers = ['many', 'some', 'few', null];
    const owners = new Map<string, string | null>();
    for (const callerId of callers)
      for (let job = 0; job < 2; job += 1) owners.set(await told(store, ['one fish'], callerId), callerId);
    const waiting: string[] = [];
    const since = new Map(callers.map((caller) => [caller, new Set<string | null>()]));
    for (let step = 0; step < 24; step += 1) {
      const free = [...owners.keys()].filter((id) => !waiting.includes(id));
      // The first caller has always asked for all that it has.
      const ask = free.filter((id) => owners.get(id) === 'many' || random.below(4) < 1);
      for (const id of ask) await asked(store, id);
      waiting.push(...ask);
      const { lease } = await taken(store);
      const caller = owners.get(lease.jobId) ?? null;
      assert.equal(
        lease.jobId,
        waiting.find((id) => owners.get(id) === caller),
      );
      const passed = since.get(caller);
      for (const other of new Set(waiting.map((id) => owners.get(id) ?? null)))
        assert.ok(other === caller || !passed?.has(other), `${caller} twice, and ${other} has waited`);
      // From now on each who waits is to come before this caller does again.
      since.set(caller, new Set(waiting.map((id) => owners.get(id) ?? null)));
      for (const owed of since.values()) owed.delete(caller);
      waiting.splice(waiting.indexOf(lease.jobId), 1);
      await store.failDetection(lease, 'Enough.');
    }
  });

  it('tells who waits why it cannot be done, and forgets it when nobody waits any more', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish']);
    const before = await everythingOf(store, id);
    const waiting = await asked(store, id);
    await store.withdrawDetection(waiting);
    assert.deepEqual([await store.claimDetection('test'), await store.awaitDetection(waiting)], [null, null]);
    const detection = await asked(store, id);
    const { lease } = await taken(store);
    await store.withdrawDetection(detection);
    assert.deepEqual(await store.awaitDetection(detection), { kind: 'OPEN' });
    assert.equal(await store.failDetection(lease, 'All voices sound the same.'), true);
    const failed = { kind: 'FAILED', problem: 'All voices sound the same.' };
    assert.deepEqual(await store.awaitDetection(detection), failed);
    assert.deepEqual(
      [
        await store.failDetection(lease, 'Again.'),
        await store.renewDetection(lease),
        await store.finishDetection(lease, allOne(store, id)),
      ],
      [false, false, false],
    );
    await store.withdrawDetection(detection);
    assert.equal(await store.awaitDetection(detection), null);
    assert.deepEqual(await everythingOf(store, id), before);
  });

  it('forgets what its worker, or who waits for it, does not renew, whatever the clock', async () => {
    const clock = { time: 1_700_000_000_000 };
    await using opened = await open(() => clock.time);
    const { store } = opened;
    const [one, other] = [await told(store, ['one fish']), await told(store, ['two fish'])];
    const claimed = await asked(store, one);
    const { lease } = await taken(store);
    const waiting = await asked(store, other);
    for (let seconds = 0; seconds < 60; seconds += 5) {
      clock.time += 5000;
      assert.equal(await store.renewDetection(lease), true);
      assert.deepEqual(await store.awaitDetection(waiting), { kind: 'OPEN' });
      assert.deepEqual(await store.reapDetections(10_000), []);
    }
    clock.time += 11_000;
    assert.deepEqual(await store.awaitDetection(waiting), { kind: 'OPEN' });
    assert.deepEqual(await store.reapDetections(10_000), [one]);
    assert.deepEqual([await store.awaitDetection(claimed), await store.renewDetection(lease)], [null, false]);
    clock.time -= 3_600_000;
    assert.deepEqual(await store.reapDetections(10_000), []);
    assert.equal(await store.awaitDetection(waiting), null);
    await asked(store, one);
    await store.reapDetections(0);
    assert.equal(await store.claimDetection('test'), null);
  });

  it('has a worker that was given up write nothing more, also where it is amid it', async () => {
    await using opened = await open();
    const { store } = opened;
    const texts = Array.from({ length: 120 }, (_, at) => `number ${at} fish`);
    const id = await told(store, texts);
    const before = await everythingOf(store, id);
    await asked(store, id);
    const { lease } = await taken(store);
    const tell: TellSpeakers = async function* () {
      for await (const parts of allOne(store, id)()) {
        yield parts;
        if (parts[0]?.partOf === 90) await store.reapDetections(0);
      }
    };
    assert.equal(await store.finishDetection(lease, tell), false);
    assert.deepEqual(await everythingOf(store, id), before);
    await checkStory(store, id);
    const detection = await asked(store, id);
    const next = await taken(store);
    assert.equal(await store.finishDetection(next.lease, allOne(store, id)), true);
    assert.deepEqual(await store.awaitDetection(detection), { kind: 'DONE' });
    assert.equal((await store.job(id))?.segmentCount, 120);
    await checkStory(store, id);
  });

  it('is done when the new transcript stands: what it replaces is swept while others have their turns', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(
      store,
      Array.from({ length: 1000 }, () => 'one fish'),
    );
    const detection = await asked(store, id);
    const { lease } = await taken(store);
    const order: string[] = [];
    const finishing = store.finishDetection(lease, allOne(store, id)).then(() => order.push('swept'));
    // A hint may be of an earlier change.
    while ((await store.awaitDetection(detection))?.kind !== 'DONE') await setImmediate();
    await store.editSegments(id, [{ index: 0, text: 'written' }], null);
    order.push('edited');
    await finishing;
    assert.deepEqual(order, ['edited', 'swept']);
    assert.equal((await store.segments(id, { limit: 1 }))[0]?.item.text, 'written');
    await checkStory(store, id);
  });

  it('counts what was asked for among the 20 times, and is no more once its job is deleted', async () => {
    await using opened = await open();
    const { store } = opened;
    const id = await told(store, ['one fish']);
    const all = [];
    for (let time = 0; time < 20; time += 1) all.push(await asked(store, id));
    await assert.rejects(store.requestDetection(id, anybody), { code: 'INVALID_INPUT', field: 'jobId' });
    const { lease } = await taken(store);
    await store.failDetection(lease, 'It fell over.');
    all.push(await asked(store, id));
    const next = await taken(store);
    await store.deleteJob(id);
    assert.equal(await store.finishDetection(next.lease, allOne(store, id)), false);
    for (const detection of all) assert.equal(await store.awaitDetection(detection), null);
    assert.equal(await store.claimDetection('test'), null);
  });

  it('says what else can be done where speakers cannot be told apart again', async () => {
    await using opened = await open();
    const { store } = opened;
    const unheard = await heard(store, []);
    await store.finish(unheard.lease, { ...completed, voices: null });
    const split = await added(store, { options: { ...newJob().options, channels: 'SPLIT' } });
    for (const id of [split.id, unheard.id])
      await assert.rejects(store.requestDetection(id, anybody), { code: 'INVALID_INPUT', hint: /mergeSpeakers/u });
  });

  it('corrects no transcript but the one that stood when it was asked for: not the one of speakers who are told apart meanwhile', async () => {
    await using opened = await open();
    const { store } = opened;
    let correcting: ReturnType<typeof correct> = Promise.resolve([]);
    const meanwhile = (id: string): TellSpeakers =>
      async function* () {
        correcting = correct(store, id);
        // By then they have come.
        for (let time = 0; time < 20; time += 1) await store.job(id);
        yield* cutBy(store, id, fishes)();
      };
    const { id, lease } = await heard(store, ['one fish', 'two fish']);
    await store.finish(lease, completed, meanwhile(id));
    assert.deepEqual(await correcting, ['JOB_STATUS', 'JOB_STATUS', 'JOB_STATUS', 'INVALID_INPUT key']);
    await asked(store, id);
    await store.finishDetection((await taken(store)).lease, meanwhile(id));
    const late = ['INVALID_INPUT seenSeq', 'INVALID_INPUT seenSeq', 'INVALID_INPUT seenSeq', 'INVALID_INPUT key'];
    assert.deepEqual(await correcting, late);
    const segments = await store.segments(id, { limit: 10 });
    assert.deepEqual(
      segments.map(({ item }) => `${item.speaker}: ${item.text}`),
      ['1: one', '2: fish', '1: two', '2: fish'],
    );
    await checkStory(store, id);
  });
}

/** Corrects a transcript in every way, without saying which one is meant: why each is refused. */
async function correct(store: Store, id: string): Promise<readonly string[]> {
  const all = await Promise.allSettled([
    store.editSegments(id, [{ index: 0, text: 'cod' }], null),
    store.revertSegments(id, null, null),
    store.mergeSpeakers(id, { keys: ['2'], into: '1' }, null),
    store.renameSpeaker(id, '1', 'Fisher'),
  ]);
  return all.map((each) =>
    each.status === 'fulfilled' ? 'done' : [each.reason.code, each.reason.field].join(' ').trim(),
  );
}
