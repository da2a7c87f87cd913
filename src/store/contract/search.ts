import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import type { JobFilter } from '../../jobs/job-filter.ts';
import { parseQuery } from '../../transcripts/search/query.ts';
import { type NewJob, searchBlock, type Store } from '../store.ts';
import { added, claimed, newBatch, type OpenStore, quietly } from './samples.ts';

const texts = [
  'Ask not what your country can do for you',
  'Die Donaudampfschifffahrt ruht, die Straße ist frei.',
  'Ein Dampfschiff legt ab',
  '東京タワーは高い',
  '我们在北京的图书馆',
  "I don't know Café Müller, says O’Neill",
  'country after country, not asked',
];

/** That segments are found by their words, as long as they are there. */
export function searchContract(open: OpenStore): void {
  it('finds words in any order, phrases, beginnings, and not what is excluded', async () => {
    await using opened = await open();
    const { store } = opened;
    await spoken(store, texts);
    const cases = {
      'country ASK': [0],
      '"your country"': [0],
      '"country your"': [],
      'ein -dam*': [],
      '"can do f"*': [0],
      'country -ask': [6],
      'country -"your country"': [6],
      'cafe muller': [5],
      STRASSE: [1],
      "don't": [5],
      'o’neill': [5],
      Ｃａｆé: [5],
      nowhere: [],
      'ask nowhere': [],
    };
    for (const [query, places] of Object.entries(cases))
      assert.deepEqual(await find(store, query), pick(places), query);
    for (const beginning of ['co', 'cou', 'coun', 'count', 'COUNTRY'])
      assert.deepEqual(await find(store, `${beginning}*`), pick([6, 0]), beginning);
  });

  it('finds German compounds by their parts, after those that have the part as a word', async () => {
    await using opened = await open();
    const { store } = opened;
    await spoken(store, texts);
    for (const [query, places] of Object.entries({ dampfschiff: [2, 1], schiff: [2, 1], donau: [1], fahrt: [1] }))
      assert.deepEqual(await find(store, query), pick(places), query);
    assert.deepEqual(await find(store, 'fah'), [], 'three letters are in too many words');
    assert.deepEqual(await find(store, '"dampfschiff"'), pick([2]), 'in quotes it is a whole word');
  });

  it('finds Japanese and Chinese of one character, of two and of more, anywhere in a text', async () => {
    await using opened = await open();
    const { store } = opened;
    await spoken(store, texts);
    const cases = {
      東京: [3],
      京タワー: [3],
      高: [3],
      い: [3],
      北京: [4],
      图书馆: [4],
      馆: [4],
      京: [3, 4],
      京都: [],
      書: [],
    };
    for (const [query, places] of Object.entries(cases))
      assert.deepEqual(await find(store, query), pick(places), query);
  });

  it('gives the best first, and of equals the newer', async () => {
    await using opened = await open();
    const { store } = opened;
    const often = 'one two one two, three words more';
    const apart = 'two again and once more the word one';
    const beside = 'so once more one two and then again';
    const older = await spoken(store, ['one two', apart, beside, often]);
    const newer = await spoken(store, ['one two']);
    assert.deepEqual(await find(store, 'one two'), [often, 'one two', 'one two', beside, apart]);
    const equals = (await store.search(parseQuery('one two'), {}, { limit: 3 })).slice(1);
    assert.deepEqual(
      equals.map(({ item }) => item.job.id),
      [newer, older],
    );
  });

  it('pages through more matches than are compared at once, none twice and none left out, while segments are added', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const count = 2 * searchBlock + 300;
    const append = (from: number, until: number) =>
      store.appendBatch(lease, newBatch(Array.from({ length: until - from }, (_, at) => say(from + at))));
    await append(0, count);
    const seen: number[] = [];
    for (let after: string | undefined; ;) {
      const page = await store.search(
        parseQuery('word'),
        {},
        { limit: 170, ...(after === undefined ? {} : { after }) },
      );
      seen.push(...page.map(({ item }) => item.segment.index));
      after = page.at(-1)?.key;
      if (after === undefined) break;
      await append(count + seen.length, count + seen.length + 3);
    }
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, at) => at),
    );
    assert.ok((await store.job(id))?.status === 'WORKING');
  });

  it('finds only in jobs that the filter matches, few or many', async () => {
    let time = 1_700_000_000_000;
    await using opened = await open(() => time);
    const { store } = opened;
    const done = await spoken(store, ['the same words'], { title: 'Interview', tags: ['one', 'all'] });
    time += 1000;
    const running = await spoken(store, ['the same words'], { tags: ['all'], isDone: false });
    const idsOf = async (filter: JobFilter) =>
      (await store.search(parseQuery('same'), filter, { limit: 10 })).map(({ item }) => item.job.id);
    const cases: readonly (readonly [JobFilter, readonly string[]])[] = [
      [{}, [running, done]],
      [{ ids: [done, 'job_unknown'] }, [done]],
      [{ ids: [done, running] }, [running, done]],
      [{ ids: [] }, []],
      [{ status: ['WORKING'] }, [running]],
      [{ ids: [done], status: ['WORKING'] }, []],
      [{ status: ['QUEUED', 'COMPLETED'] }, [done]],
      [{ tag: 'all' }, [running, done]],
      [{ tag: 'all', titleContains: 'VIEW' }, [done]],
      [{ createdBefore: new Date(time) }, [done]],
      [{ createdAfter: new Date(time), tag: 'all' }, [running]],
    ];
    for (const [filter, ids] of cases) assert.deepEqual(await idsOf(filter), ids, JSON.stringify(filter));
    time -= 1000;
    const others = { title: 'Interviews', tags: ['all', 'one'] };
    for (let queued = 0; queued <= 200; queued++) await added(store, others);
    for (const [filter, ids] of cases) assert.deepEqual(await idsOf(filter), ids, `many, ${JSON.stringify(filter)}`);
    const many = (await store.jobs({ tag: 'one' }, { limit: 300 })).map(({ item }) => item.id);
    assert.deepEqual(await idsOf({ ids: many }), [done]);
  });

  it('finds nothing of a job that was deleted, nor of a transcript that was cleared, and what came instead', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.deleteJob(await spoken(store, ['first words']));
    const id = await spoken(store, ['second words'], { isDone: false });
    await store.cancel(id);
    await store.reap(await store.expiredAttempts(0));
    assert.deepEqual(await find(store, 'words'), ['second words']);
    await store.retry(id, true);
    assert.deepEqual(await find(store, 'words'), []);
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['third words']));
    assert.deepEqual(await find(store, 'words'), ['third words']);
    await store.clearTranscript(lease);
    assert.deepEqual(await find(store, 'words'), []);
    await store.appendBatch(lease, { ...newBatch(['fourth words']), checkpoint: null });
    await store.finish(lease, { kind: 'INTERRUPTED', crash: null, ...quietly });
    const { lease: next } = await claimed(store);
    assert.deepEqual(await find(store, 'words'), []);
    await store.appendBatch(next, newBatch(['fifth words']));
    await store.finishDeletions();
    assert.deepEqual(await find(store, 'words'), ['fifth words']);
  });

  it('answers whatever a person types', async () => {
    await using opened = await open();
    const { store } = opened;
    await spoken(store, texts);
    const signs = fc.constantFrom(
      '"',
      '*',
      '-',
      '^',
      'NEAR(',
      ')',
      'text:',
      'AND',
      'OR',
      'NOT',
      ' ',
      '\0',
      '\uD800',
      '·',
      '東',
      'a',
    );
    const typed = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(signs).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(typed, async (query) => {
        await store.search(parseQuery(query.slice(0, 30)), {}, { limit: 5 });
      }),
    );
    for (const nothing of ['', '"', '-ask', '* ^ -', '\0', '\uD800'])
      assert.deepEqual(await find(store, nothing), [], nothing);
  });

  it('refuses a key that no search has given', async () => {
    await using opened = await open();
    const { store } = opened;
    for (const after of ['', 'x', 'WHOLE.1.1.1', 'SOME.1.1.1.1', 'WHOLE.1.1.1.1.1', 'WHOLE.x.1.1.1']) {
      await assert.rejects(
        store.search(parseQuery('word'), {}, { limit: 1, after }),
        { name: 'RequestError', code: 'BAD_USER_INPUT' },
        after,
      );
    }
  });
}

/** Lengths and counts of words differ from text to text, and with them how well they fit. */
function say(index: number): string {
  return `${'word '.repeat(1 + (index % 3))}${'and more '.repeat(index % 7)}${index}`;
}

/** A job that has said these texts; completed or still running. */
async function spoken(
  store: Store,
  said: readonly string[],
  { isDone = true, ...changes }: Partial<NewJob> & { readonly isDone?: boolean } = {},
): Promise<string> {
  const { id } = await added(store, changes);
  const { lease } = await claimed(store);
  await store.appendBatch(lease, newBatch(said));
  if (isDone) await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  return id;
}

async function find(store: Store, query: string): Promise<readonly string[]> {
  const found = await store.search(parseQuery(query), {}, { limit: 10 });
  return found.map(({ item }) => item.segment.text);
}

function pick(places: readonly number[]): readonly (string | undefined)[] {
  return places.map((place) => texts[place]);
}
