import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type From, keptDeletedMs } from '../changes.ts';
import type { Store } from '../store.ts';
import { added, claimed, newBatch, type OpenStore, quietly } from './samples.ts';

const hourMs = 3_600_000;

/** Which jobs were changed and deleted, and when. */
export function changesContract(open: OpenStore): void {
  it('gives every change a later time than all before it, also where the clock was set back or a newer job is gone', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const times: number[] = [];
    const note = async (id: string) => times.push((await store.job(id))?.updatedAt.getTime() ?? 0);
    const other = await added(store);
    const { id } = await added(store, { priority: 1 });
    await note(id);
    const { lease } = await claimed(store);
    await note(id);
    time -= hourMs;
    const media = { durationSeconds: 1, container: null, codec: null, sampleRate: null, channels: null };
    for (const change of [
      () => store.saveMedia(lease, { ...media, warnings: [], tracks: [] }),
      () => store.enterStage(lease, newBatch([]).progress),
      () => store.saveLanguage(lease, { code: 'de', probability: 1 }),
      () => store.appendBatch(lease, newBatch(['one'])),
      () => store.clearTranscript(lease),
      () => store.updateJob(id, { title: 'new' }),
      () => store.cancel(id),
      () => store.finish(lease, { kind: 'CANCELLED', ...quietly }),
      () => store.retry(id, true),
    ]) {
      await change();
      await note(id);
    }
    await store.deleteJob(id);
    const [deleted] = await store.deletedSince(new Date(0), 5);
    times.push(deleted?.item.deletedAt.getTime() ?? 0);
    assert.equal((await store.changeClock()).newest.getTime(), times.at(-1));
    await store.updateJob(other.id, { title: 'after it' });
    await note(other.id);
    assert.deepEqual(
      times,
      [...new Set(times)].toSorted((a, b) => a - b),
    );
    assert.equal((await store.changeClock()).now.getTime(), times.at(-1), 'the clock is an hour behind');
    time += 2 * hourMs;
    assert.equal((await store.changeClock()).now.getTime(), time);
  });

  it('changes no time where nothing is to be seen', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const before = await store.job(id);
    await store.renew(lease);
    await store.savePeaks(lease, [1]);
    await store.saveProcess(lease, { pid: 1, pidStartTime: null, device: 'cpu' });
    assert.deepEqual(await store.job(id), before);
  });

  it('tells jobs in the order in which they changed, each once, with all that they were', async () => {
    await using opened = await open();
    const { store } = opened;
    const jobs = [await added(store, { tags: ['a'] }), await added(store), await added(store)];
    const [first, second, third] = jobs.map(({ id }) => id);
    const place = new Date((await store.changeClock()).newest.getTime() + 1);
    await store.updateJob(first ?? '', { tags: ['b'] });
    await store.updateJob(second ?? '', { priority: 1 });
    await store.updateJob(first ?? '', { title: null });
    const changed = await store.changedSince(place, 10);
    assert.deepEqual(
      changed.map(({ item }) => [item.job.id, item.former?.map(({ status, title, tags }) => [status, title, tags])]),
      [
        [second, []],
        [
          first,
          [
            ['QUEUED', 'Address', ['a']],
            ['QUEUED', 'Address', ['b']],
          ],
        ],
      ],
    );
    assert.deepEqual(await idsOf((from) => store.changedSince(from, 1)), [third, second, first]);
    assert.equal(await store.countChanged(place, 10), 2);
    assert.equal(await store.countChanged(place, 1), 2, 'more than one');
    const { lease } = await claimed(store);
    assert.equal(lease.jobId, second);
    await store.saveLanguage(lease, { code: 'de', probability: 1 });
    const [, worked] = await store.changedSince(place, 10);
    assert.deepEqual(
      worked?.item.former?.map(({ status, language }) => [status, language]),
      [
        ['QUEUED', null],
        ['WORKING', null],
      ],
    );
    const last = await store.changedSince(worked?.key ?? '', 10);
    assert.deepEqual(last, []);
  });

  it('forgets what a job was with the job', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    await store.cancel(id);
    await store.deleteJob(id);
    assert.deepEqual(await store.changedSince(new Date(0), 10), []);
  });

  it('tells which jobs were deleted and whose they were, for seven days, also where the clock was far ahead for a while', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const [own, nobodys] = [await added(store, { callerId: 'alice' }), await added(store)];
    assert.deepEqual(await store.deletedSince(new Date(0), 10), []);
    for (const { id } of [own, nobodys]) await store.deleteJob(id);
    const told = await store.deletedSince(new Date(0), 10);
    assert.deepEqual(
      told.map(({ item }) => [item.id, item.owner]),
      [
        [own.id, 'alice'],
        [nobodys.id, null],
      ],
    );
    assert.deepEqual(await store.deletedSince(told[0]?.key ?? '', 10), told.slice(1));
    assert.deepEqual(await idsOf((from) => store.deletedSince(from, 1)), [own.id, nobodys.id]);
    const deletedAt = time;
    time += 100 * keptDeletedMs;
    await store.finishDeletions();
    time = deletedAt + keptDeletedMs;
    await added(store);
    await store.finishDeletions();
    assert.equal((await store.deletedSince(new Date(0), 10)).length, 2);
    time += hourMs;
    await added(store);
    await store.finishDeletions();
    assert.deepEqual(await store.deletedSince(new Date(0), 10), []);
  });

  it('refuses a place that no list of changes has given', async () => {
    await using opened = await open();
    const { store } = opened;
    const refused = { name: 'RequestError', code: 'BAD_USER_INPUT' };
    for (const key of ['', 'x', '5', '5-', '-5', '5-x', '05-5', '5-5-5', '99999999999999999999-1']) {
      await assert.rejects(async () => store.changedSince(key, 1), refused, key);
    }
    await assert.rejects(async () => store.deletedSince('x-job_1', 1), refused);
  });
}

type Load = (from: From) => ReturnType<Store['changedSince']> | ReturnType<Store['deletedSince']>;

/** The ids of a whole list of changes, page after page. */
async function idsOf(load: Load): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let page = await load(new Date(0)); page.length > 0; page = await load(page.at(-1)?.key ?? '')) {
    ids.push(...page.map(({ item }) => ('job' in item ? item.job.id : item.id)));
  }
  return ids;
}
