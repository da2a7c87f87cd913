import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Job } from '../../jobs/job.ts';
import type { Keyed, Page } from '../page.ts';
import type { Store } from '../store.ts';
import { added, claimed, newBatch, type OpenStore, quietly } from './samples.ts';

/** Lists of jobs and of segments. */
export function listsContract(open: OpenStore): void {
  it('pages through jobs, newest first, in both directions, while jobs are added', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => (time += Math.round(Math.sin(time))));
    const { store } = opened;
    const jobs: Job[] = [];
    for (let index = 0; index < 11; index++) jobs.unshift(await added(store));
    const ids = jobs.map(({ id }) => id);
    assert.deepEqual(
      await walk(
        (page) => store.jobs({}, page),
        ids,
        () => added(store),
      ),
      ids,
    );
    assert.deepEqual(
      await walk(
        (page) => store.jobs({ ids }, page),
        ids,
        () => added(store),
      ),
      ids,
    );
    const [first, , third, fourth] = await store.jobs({ ids }, { limit: 100 });
    assert.ok(first && third && fourth);
    const between = await store.jobs({ ids }, { limit: 100, after: first.key, before: fourth.key });
    assert.deepEqual(
      between.map(({ item }) => item.id),
      ids.slice(1, 3),
    );
    const end = await store.jobs({ ids }, { limit: 1, last: true, after: first.key, before: fourth.key });
    assert.deepEqual(
      end.map(({ item }) => item.id),
      [third.item.id],
    );
    assert.deepEqual(end[0]?.item, jobs[2]);
  });

  it('filters jobs by status and id; an empty list matches nothing', async () => {
    await using opened = await open();
    const { store } = opened;
    const statuses = await oneOfEach(store);
    const find = async (filter: Parameters<Store['jobs']>[0]): Promise<readonly string[]> => {
      const found = (await store.jobs(filter, { limit: 10 })).map(({ item }) => item.status);
      const fromEnd = (await store.jobs(filter, { limit: 10, last: true })).map(({ item }) => item.status);
      assert.deepEqual(fromEnd, found);
      assert.equal(await store.countJobs(filter), found.length);
      return found;
    };
    const newestFirst = ['QUEUED', 'WORKING', 'CANCELLED', 'FAILED', 'COMPLETED'];
    assert.deepEqual(await find({}), newestFirst);
    assert.deepEqual(await find({ status: ['COMPLETED', 'WORKING', 'WORKING'] }), ['WORKING', 'COMPLETED']);
    assert.deepEqual(await find({ status: ['FAILED'] }), ['FAILED']);
    assert.deepEqual(await find({ status: [] }), []);
    assert.deepEqual(await find({ ids: [] }), []);
    assert.deepEqual(await find({ ids: [], status: ['FAILED'] }), []);
    assert.deepEqual(await find({ ids: [statuses.get('FAILED') ?? '', 'job_unknown'] }), ['FAILED']);
    const two = [statuses.get('FAILED') ?? '', statuses.get('QUEUED') ?? ''];
    assert.deepEqual(await find({ ids: two, status: ['QUEUED', 'CANCELLED'] }), ['QUEUED']);
    const thousands = Array.from({ length: 40_000 }, (_, index) => `job_${index}`);
    assert.deepEqual(await find({ ids: [...thousands, ...two] }), ['QUEUED', 'FAILED']);
  });

  it('goes on after a key when the job there no longer matches the filter', async () => {
    await using opened = await open();
    const { store } = opened;
    const oldest = await added(store);
    const middle = await added(store);
    await added(store);
    const [, key] = await store.jobs({ status: ['QUEUED'] }, { limit: 2 });
    await store.cancel(middle.id);
    const rest = await store.jobs({ status: ['QUEUED'] }, { limit: 2, after: key?.key ?? '' });
    assert.deepEqual(
      rest.map(({ item }) => item.id),
      [oldest.id],
    );
  });

  it('pages through segments in both directions', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const texts = Array.from({ length: 11 }, (_, index) => `segment ${index}`);
    await store.appendBatch(lease, newBatch(texts));
    const byText = async (page: Page): Promise<readonly Keyed<{ readonly id: string }>[]> =>
      (await store.segments(id, page)).map(({ key, item }) => ({ key, item: { id: item.text } }));
    assert.deepEqual(await walk(byText, texts, () => Promise.resolve()), texts);
    assert.deepEqual(await store.segments('job_unknown', { limit: 10 }), []);
  });

  it('refuses a key that no list has given', async () => {
    await using opened = await open();
    const { store } = opened;
    const refused = { name: 'RequestError', code: 'BAD_USER_INPUT' };
    for (const key of ['', 'x', '-1', '1e9', '12.', '.a', '1.2.3', '99999999999999999999', "1.a' or 1=1"]) {
      await assert.rejects(async () => store.jobs({}, { limit: 1, after: key }), refused, key);
      await assert.rejects(async () => store.jobs({}, { limit: 1, after: key }, 'UPDATED'), refused, key);
    }
    for (const key of ['', 'x', '-1', '1e9', '1.5', '0x10', '99999999999999999999']) {
      await assert.rejects(async () => store.segments('job_unknown', { limit: 1, before: key }), refused, key);
      await assert.rejects(async () => store.logs({}, { limit: 1, after: key }), refused, key);
    }
  });
}

/** Pages of 3 to the end and back again; `disturb` happens between pages. Both ways must tell the same, which is returned. */
async function walk(
  load: (page: Page) => Promise<readonly Keyed<{ readonly id: string }>[]>,
  all: readonly string[],
  disturb: () => Promise<unknown>,
): Promise<readonly string[]> {
  const there: string[] = [];
  let page = await load({ limit: 3 });
  let end = '';
  while (page.length > 0) {
    there.push(...page.map(({ item }) => item.id));
    end = page.at(-1)?.key ?? '';
    await disturb();
    page = await load({ limit: 3, after: end });
  }
  const back: string[] = [];
  page = await load({ limit: 3, last: true });
  while (page.length > 0 && back.length < all.length) {
    back.unshift(...page.map(({ item }) => item.id));
    await disturb();
    page = await load({ limit: 3, last: true, before: page[0]?.key ?? '' });
  }
  assert.deepEqual(back.slice(-all.length), there);
  return there;
}

/** One job of each status; the id of each. */
async function oneOfEach(store: Store): Promise<ReadonlyMap<Job['status'], string>> {
  const completed = await added(store);
  await store.finish((await claimed(store)).lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  const failed = await added(store);
  const failure = { code: 'INTERNAL', message: 'No.', hint: null, retryable: false } as const;
  await store.finish((await claimed(store)).lease, { kind: 'FAILED', failure, ...quietly });
  const cancelled = await added(store);
  await store.cancel(cancelled.id);
  const working = await added(store);
  await claimed(store);
  const queued = await added(store);
  return new Map([
    ['COMPLETED', completed.id],
    ['FAILED', failed.id],
    ['CANCELLED', cancelled.id],
    ['WORKING', working.id],
    ['QUEUED', queued.id],
  ]);
}
