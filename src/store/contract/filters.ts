import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { type JobFilter, type JobOrder, matches } from '../../jobs/job-filter.ts';
import { type Job, jobStatuses } from '../../jobs/job.ts';
import type { NewJob, Store } from '../store.ts';
import { added, claimed, newJob, type OpenStore, quietly } from './samples.ts';

const media = (name: string): NewJob['media'] => ({ ...newJob().media, name });

/** That jobs are found by what they are called and when they came. */
export function filtersContract(open: OpenStore, runs: number): void {
  it('finds jobs by a tag, by parts of their names in any case and script, and by the time of their creation', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    await added(store, { title: 'Straße nach Köln', tags: ['trip', 'de'], media: media('Reise.mp3') });
    time += 1000;
    await added(store, { title: 'ΟΔΟΣ', tags: [], media: media('Дорога "1".WAV') });
    time += 1000;
    await added(store, { title: null, tags: ['Trip'], media: media('a.wav') });
    const find = async (filter: JobFilter) => namesOf(await store.jobs(filter, { limit: 10 }));
    const [street, road, short] = ['Reise.mp3', 'Дорога "1".WAV', 'a.wav'];
    assert.deepEqual(await find({ tag: 'trip' }), [street]);
    assert.deepEqual(await find({ tag: 'tri' }), []);
    assert.deepEqual(await find({ titleContains: 'STRASSE' }), [street]);
    assert.deepEqual(await find({ titleContains: 'ko\u0308LN' }), [street]);
    assert.deepEqual(await find({ titleContains: 'δος' }), [road]);
    assert.deepEqual(await find({ titleContains: 'ß' }), [street]);
    assert.deepEqual(await find({ mediaNameContains: 'рога "1"' }), [road]);
    assert.deepEqual(await find({ mediaNameContains: 'WaV' }), [short, road]);
    assert.deepEqual(await find({ mediaNameContains: '.w' }), [short, road]);
    for (const text of ['% %', '_._', '"', 'a" OR "b', '*', 'x\0y\uD800']) {
      const found = await find({ mediaNameContains: text, titleContains: 'a' });
      assert.deepEqual(found, [], text);
    }
    assert.deepEqual(await find({ createdAfter: new Date(time - 1000) }), [short, road]);
    assert.deepEqual(await find({ createdBefore: new Date(time - 1000) }), [street]);
    const second = { createdAfter: new Date(time - 1000), createdBefore: new Date(time) };
    assert.deepEqual(await find(second), [road]);
    assert.deepEqual(await find({ ...second, titleContains: 'nach' }), []);
    assert.deepEqual(await find({ createdAfter: new Date(8.64e15) }), []);
    assert.deepEqual(await find({ createdAfter: new Date(-8.64e15), createdBefore: new Date(8.64e15), tag: 'de' }), [
      street,
    ]);
  });

  it('finds jobs by the language that was heard, and by the time of their last change', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => (time += 1000));
    const { store } = opened;
    const [german, unheard] = [await added(store), await added(store)];
    const { lease } = await claimed(store);
    await store.saveLanguage(lease, { code: 'de', probability: 1 });
    const find = async (filter: JobFilter) => (await store.jobs(filter, { limit: 10 })).map(({ item }) => item.id);
    assert.deepEqual(await find({ language: 'de' }), [german.id]);
    assert.deepEqual(await find({ language: 'de', tag: 'speech' }), [german.id]);
    assert.deepEqual(await find({ language: 'en' }), []);
    const updatedAfter = (await store.job(german.id))?.updatedAt ?? new Date(0);
    assert.deepEqual(await find({ updatedAfter }), [german.id]);
    assert.deepEqual(await find({ updatedAfter: unheard.updatedAt }), [unheard.id, german.id]);
    assert.equal(await store.countJobs({ updatedAfter, status: ['WORKING'] }), 1);
    await store.clearTranscript(lease);
    assert.deepEqual(await find({ language: 'de' }), []);
    await store.saveLanguage(lease, { code: 'en', probability: 1 });
    assert.deepEqual(await find({ language: 'en' }), [german.id]);
    await store.finish(lease, { kind: 'CANCELLED', ...quietly });
    await store.deleteJob(german.id);
    assert.deepEqual(await find({ language: 'en' }), []);
  });

  it('finds one among hundreds that look like it, and lets others have a turn meanwhile', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store, { title: 'abcde', tags: ['all', 'one'] });
    for (let job = 0; job < 400; job++) await added(store, { title: 'abcd bcde', tags: ['all'] });
    assert.equal(await store.countJobs({ tag: 'all' }), 401);
    // All titles have every three letters of the first; a tag that only one has leads to it at once.
    for (const filter of [{ titleContains: 'ABCDE' }, { titleContains: 'e', tag: 'one' }]) {
      let turns = 0;
      const finding = store.jobs(filter, { limit: 2 });
      const isDone = finding.then(() => true);
      while (!(await Promise.race([isDone, setImmediate(false)]))) turns += 1;
      assert.deepEqual(
        (await finding).map(({ item }) => item.id),
        [id],
      );
      assert.equal(await store.countJobs(filter), 1);
      assert.ok('tag' in filter || turns >= 2, `others had ${turns} turns`);
    }
  });

  it('finds the same as looking at every job, whatever is asked, in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(jobs, { maxLength: 12 }), fc.array(filters, { maxLength: 8 }), async (given, asked) => {
        let time = 0;
        await using opened = await open(() => 1_700_000_000_000 + time);
        const { store } = opened;
        const all: Job[] = [];
        for (const { at, isCancelled, ...job } of given) {
          time = at * 2000;
          const { id } = await added(store, job);
          const now = isCancelled ? await store.cancel(id) : await store.job(id);
          if (now !== null) all.push(now);
        }
        for (const filter of asked) await compare(store, filter, all);
      }),
      { numRuns: runs },
    );
  });
}

const words = fc.string({ unit: fc.constantFrom('a', 'B', 'ß', 'é', '"'), maxLength: 6 });
const tags = fc.constantFrom('x', 'X', 'y');
const owners = fc.constantFrom('alice', 'bob');
const jobs = fc.record({
  at: fc.nat({ max: 3 }),
  isCancelled: fc.boolean(),
  title: fc.option(words),
  tags: fc.array(tags, { maxLength: 3 }),
  callerId: fc.option(owners),
  media: words.map(media),
});
const times = fc.nat({ max: 3 }).map((at) => new Date(1_700_000_000_000 + at * 2000));
const filters: fc.Arbitrary<JobFilter> = fc.record(
  {
    status: fc.subarray([...jobStatuses]),
    tag: tags,
    owner: owners,
    titleContains: words,
    mediaNameContains: words,
    createdAfter: times,
    createdBefore: times,
    updatedAfter: times,
  },
  { requiredKeys: [] },
);

async function compare(store: Store, filter: JobFilter, all: readonly Job[]): Promise<void> {
  for (const [order, timeOf] of orders) await compareOrdered(store, { filter, order, timeOf }, all);
}

const orders: readonly (readonly [JobOrder, (job: Job) => number])[] = [
  ['CREATED', ({ createdAt }) => createdAt.getTime()],
  ['UPDATED', ({ updatedAt }) => updatedAt.getTime()],
];

interface Ordered {
  readonly filter: JobFilter;
  readonly order: JobOrder;
  readonly timeOf: (job: Job) => number;
}

async function compareOrdered(store: Store, { filter, order, timeOf }: Ordered, all: readonly Job[]): Promise<void> {
  const expected = all.filter((job) => matches(job, filter)).map(({ id }) => id);
  for (const ids of [undefined, all.map(({ id }) => id)]) {
    const asked = ids === undefined ? filter : { ...filter, ids };
    const newest = await store.jobs(asked, { limit: 100 }, order);
    const last = await store.jobs(asked, { limit: 100, last: true }, order);
    assert.deepEqual(last, newest);
    assert.deepEqual(newest.map(({ item }) => item.id).toSorted(), expected.toSorted());
    const inTime = newest.map(({ item }) => timeOf(item));
    assert.deepEqual(
      inTime,
      inTime.toSorted((a, b) => b - a),
    );
    const [first, second] = [newest[0]?.key, newest[1]?.key];
    if (first !== undefined && second !== undefined) {
      assert.deepEqual(await store.jobs(asked, { limit: 1, after: first }, order), newest.slice(1, 2));
      assert.deepEqual(await store.jobs(asked, { limit: 1, last: true, before: second }, order), newest.slice(0, 1));
    }
    assert.equal(await store.countJobs(asked), expected.length);
  }
}

function namesOf(found: Awaited<ReturnType<Store['jobs']>>): readonly string[] {
  return found.map(({ item }) => item.media.name);
}
