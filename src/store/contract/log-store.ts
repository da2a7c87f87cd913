import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LogFilter, NewLogEntry } from '../logs.ts';
import type { Store } from '../store.ts';
import type { OpenStore } from './samples.ts';

/** Log lines. */
export function logStoreContract(open: OpenStore): void {
  it('keeps lines in the order in which they were written', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.addLogs([]);
    const entries = [
      line('first', { time: at(9), fields: { ms: 12, nested: { ok: true } } }),
      line('second', { time: at(3), level: 'ERROR', jobId: 'job_1' }),
    ];
    await store.addLogs(entries);
    await store.addLogs([line('third')]);
    const logs = await store.logs({}, { limit: 10 });
    assert.deepEqual(
      logs.map(({ item }) => item.message),
      ['first', 'second', 'third'],
    );
    for (const [index, entry] of entries.entries()) {
      const key = logs[index]?.key;
      assert.deepEqual(logs[index]?.item, { id: key, ...entry });
    }
  });

  it('stores thousands of lines at once and pages through them, also from a line on', async () => {
    await using opened = await open();
    const { store } = opened;
    const messages = Array.from({ length: 1_203 }, (_, index) => `line ${index}`);
    await store.addLogs(messages.map((message) => line(message)));
    const all = await store.logs({}, { limit: 5_000 });
    assert.deepEqual(
      all.map(({ item }) => item.message),
      messages,
    );
    const [first, second] = [all[1_199]?.key ?? '', all[2]?.key ?? ''];
    assert.deepEqual(await store.logs({}, { limit: 2, after: first }), all.slice(1_200, 1_202));
    assert.deepEqual(await store.logs({}, { limit: 2, last: true }), all.slice(-2));
    assert.deepEqual(await store.logs({}, { limit: 5, last: true, before: second }), all.slice(0, 2));
  });

  it('finds what lines say among thousands, in both directions, also page by page', async () => {
    await using opened = await open();
    const { store } = opened;
    const messages = Array.from({ length: 4_500 }, (_, index) => (index % 700 === 0 ? `Needle ${index}` : 'hay'));
    await store.addLogs(messages.map((message, index) => line(message, { time: at(1 + (index % 3)) })));
    for (const filter of [{ contains: 'needle' }, { contains: 'needle', from: at(2) }]) {
      const all = await store.logs(filter, { limit: 100 });
      assert.equal(all.length, 'from' in filter ? 4 : 7);
      assert.deepEqual(await store.logs(filter, { limit: 2 }), all.slice(0, 2));
      assert.deepEqual(await store.logs(filter, { limit: 2, after: all[1]?.key ?? '' }), all.slice(2, 4));
      assert.deepEqual(await store.logs(filter, { limit: 2, last: true, before: all[3]?.key ?? '' }), all.slice(1, 3));
    }
  });

  it('lets others have a turn while it looks through thousands of lines', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.addLogs(Array.from({ length: 4_500 }, () => line('hay')));
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    assert.deepEqual(await store.logs({ contains: 'needle' }, { limit: 1 }), []);
    assert.ok(hadTurn);
  });

  it('finds lines by time, oldest first, however they were written, and pages through them', async () => {
    await using opened = await open();
    const { store } = opened;
    for (const day of [5, 1, 9, 3, 5, 7]) await store.addLogs([line(`day ${day}`, { time: at(day) })]);
    assert.deepEqual(await find(store, { from: at(3), until: at(9) }), ['day 3', 'day 5', 'day 5', 'day 7']);
    assert.deepEqual(await find(store, { from: at(9) }), ['day 9']);
    assert.deepEqual(await find(store, { until: at(3) }), ['day 1']);
    assert.deepEqual(await find(store, { from: at(9), until: at(9) }), []);
    const span = { from: at(1), until: at(9) };
    const all = await store.logs(span, { limit: 10 });
    const pages = [await store.logs(span, { limit: 2 })];
    while (pages.at(-1)?.length === 2)
      pages.push(await store.logs(span, { limit: 2, after: pages.at(-1)?.[1]?.key ?? '' }));
    assert.deepEqual(pages.flat(), all);
    const [, , third] = all;
    assert.deepEqual(await store.logs(span, { limit: 9, last: true, before: third?.key ?? '' }), all.slice(0, 2));
  });

  it('finds lines by level and above, by job, and by what they say in any case', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.addLogs([
      line('100% of ÜBUNG_1', { level: 'DEBUG' }),
      line('1000 of übung-1', { level: 'INFO', jobId: 'job_1' }),
      line('slow!', { level: 'WARN', jobId: 'job_2' }),
      line('a\0b\uD800', { level: 'ERROR', jobId: 'job_1' }),
    ]);
    assert.deepEqual(await find(store, { level: 'WARN' }), ['slow!', 'a\uFFFDb\uFFFD']);
    assert.deepEqual(await find(store, { level: 'ERROR', from: at(0) }), ['a\uFFFDb\uFFFD']);
    assert.equal((await find(store, { level: 'DEBUG' })).length, 4);
    assert.deepEqual(await find(store, { jobId: 'job_1' }), ['1000 of übung-1', 'a\uFFFDb\uFFFD']);
    assert.deepEqual(await find(store, { jobId: 'job_1', level: 'WARN', from: at(0) }), ['a\uFFFDb\uFFFD']);
    assert.deepEqual(await find(store, { contains: '100%' }), ['100% of ÜBUNG_1']);
    assert.deepEqual(await find(store, { contains: 'übung' }), ['100% of ÜBUNG_1', '1000 of übung-1']);
    assert.deepEqual(await find(store, { contains: 'ubung' }), ['100% of ÜBUNG_1', '1000 of übung-1']);
    assert.deepEqual(await find(store, { contains: 'g_1' }), ['100% of ÜBUNG_1']);
    assert.deepEqual(await find(store, { contains: 'SLOW!' }), ['slow!']);
    assert.deepEqual(await find(store, { contains: 'a\0b\uD800' }), ['a\uFFFDb\uFFFD']);
    assert.deepEqual(await find(store, { contains: '', jobId: 'job_3' }), []);
  });
}

/** A time of that day. */
export function at(day: number): Date {
  return new Date(1_700_000_000_000 + day * 86_400_000);
}

/** A line that says `message`, like any other but for `changes`. */
export function line(message: string, changes: Partial<NewLogEntry> = {}): NewLogEntry {
  return { time: at(1), level: 'INFO', event: 'test', message, jobId: null, fields: null, ...changes };
}

/** What the lines of a filter say. */
export async function find(store: Store, filter: LogFilter): Promise<readonly string[]> {
  const found = await store.logs(filter, { limit: 100 });
  assert.deepEqual(await store.logs(filter, { limit: 100, last: true }), found);
  return found.map(({ item }) => item.message);
}
