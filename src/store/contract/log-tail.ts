import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LogFilter, LogLimits, NewLogEntry } from '../logs.ts';
import type { Store } from '../store.ts';
import { at, find, line } from './log-store.ts';
import { added, type OpenStore } from './samples.ts';

/** That a reader who goes on from where it was misses nothing and gets nothing twice. */
export function logTailContract(open: OpenStore): void {
  it('tells from a line on what was written after it, each line once, and waits at the end', async () => {
    await using opened = await open();
    const { store } = opened;
    assert.equal(await store.logCursor(), '0');
    await store.addLogs(Array.from({ length: 5 }, (_, index) => line(`line ${index}`)));
    const [first] = await store.logs({}, { limit: 1 });
    const place = await store.logCursor(first?.key ?? '');
    assert.deepEqual(await follow(store, {}, place), ['line 1', 'line 2', 'line 3', 'line 4']);
    const end = await store.logCursor();
    assert.deepEqual(await store.logsSince({}, end, 2), { entries: [], upTo: end, more: false });
    await store.addLogs([line('line 5', { time: at(-9) })]);
    const { entries, more } = await store.logsSince({}, end, 2);
    assert.deepEqual([entries.map(({ message }) => message), more], [['line 5'], false]);
  });

  it('looks at every kind of filter, and goes on behind what a filter did not let through', async () => {
    await using opened = await open();
    const { store } = opened;
    const levels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
    const entries = Array.from({ length: 4_500 }, (_, index) =>
      line(`line ${index}`, {
        level: levels[index % 4] ?? 'INFO',
        time: at(index % 3),
        jobId: index % 2 === 0 ? 'job_1' : null,
      }),
    );
    await store.addLogs(entries);
    const filters: readonly (readonly [LogFilter, (entry: NewLogEntry) => boolean])[] = [
      [{ level: 'WARN' }, ({ level }) => level === 'WARN' || level === 'ERROR'],
      [{ jobId: 'job_1' }, ({ jobId }) => jobId === 'job_1'],
      [{ jobId: 'job_1', level: 'INFO' }, ({ jobId, level }) => jobId === 'job_1' && level !== 'DEBUG'],
      [{ from: at(1), until: at(2) }, ({ time }) => time.getTime() === at(1).getTime()],
      [{ contains: 'LINE 44' }, ({ message }) => message.startsWith('line 44')],
      [{ contains: 'needle' }, () => false],
    ];
    for (const [filter, isWanted] of filters) {
      const messages = entries.filter(isWanted).map(({ message }) => message);
      assert.deepEqual(await follow(store, filter, '0'), messages);
    }
    const { upTo } = await store.logsSince({ contains: 'needle' }, '0', 1);
    assert.ok(Number(upTo) >= 1000, 'a filter that matches nothing does not stay where it is');
  });

  it('refuses a line that was never written, also when the newest have gone', async () => {
    await using opened = await open();
    const { store } = opened;
    const { id } = await added(store);
    await store.addLogs([line('first'), line('last', { jobId: id })]);
    const newest = await store.logCursor();
    await store.deleteJob(id);
    assert.equal(await store.logCursor(newest), newest);
    assert.equal(await store.logCursor(), newest);
    await assert.rejects(store.logCursor(String(Number(newest) + 1)), { code: 'BAD_USER_INPUT' });
    await assert.rejects(store.logCursor('x'), { code: 'BAD_USER_INPUT' });
    await store.addLogs([line('later')]);
    assert.deepEqual(await follow(store, {}, newest), ['later']);
  });
}

/** That lines do not pile up. */
export function logLimitsContract(open: OpenStore): void {
  it('removes lines that are older than a time, a slice at a time, and none besides', async () => {
    await using opened = await open();
    const { store } = opened;
    await store.addLogs(Array.from({ length: 1_203 }, (_, index) => line(`line ${index}`, { time: at(index % 2) })));
    const limits = { from: at(1), maxBytes: Number.MAX_SAFE_INTEGER };
    const first = await store.trimLogs(limits);
    assert.ok(first > 0 && first < 602);
    assert.equal(first + (await trimAll(store, limits)), 602);
    const left = await store.logs({}, { limit: 1000 });
    assert.equal(left.length, 601);
    assert.ok(left.every(({ item }) => item.time >= at(1)));
    assert.deepEqual(await store.logs({}, { limit: 1, after: '1' }), left.slice(0, 1), 'a lost line is no hindrance');
    assert.deepEqual((await store.logsSince({}, '1', 1)).entries, [left[0]?.item]);
  });

  it('keeps the newest lines that together have so many bytes, however they were written', async () => {
    await using opened = await open();
    const { store } = opened;
    const long = 'ö'.repeat(5_000);
    for (let batch = 0; batch < 10; batch += 1) {
      await store.addLogs(Array.from({ length: 100 }, (_, index) => line(`${batch} ${index} ${long}`)));
    }
    const limits = { from: at(0), maxBytes: 1_000_000 };
    await trimAll(store, limits);
    const left = await store.logs({}, { limit: 1000 });
    assert.ok(left.length >= 95 && left.length <= 105, `${left.length} are left`);
    assert.match(left.at(-1)?.item.message ?? '', /^9 99 /u);
    await store.addLogs([line('one more')]);
    assert.ok((await trimAll(store, limits)) <= 1);
    await trimAll(store, { ...limits, maxBytes: 1 });
    assert.deepEqual(await find(store, {}), ['one more']);
  });
}

async function follow(store: Store, filter: LogFilter, from: string): Promise<readonly string[]> {
  const messages: string[] = [];
  let place = from;
  for (;;) {
    const { entries, upTo, more } = await store.logsSince(filter, place, 100);
    assert.ok(entries.length <= 100);
    messages.push(...entries.map(({ message }) => message));
    if (!more) return messages;
    assert.notEqual(upTo, place);
    place = upTo;
  }
}

async function trimAll(store: Store, limits: LogLimits): Promise<number> {
  let removed = 0;
  for (let some = await store.trimLogs(limits); some > 0; some = await store.trimLogs(limits)) removed += some;
  return removed;
}
