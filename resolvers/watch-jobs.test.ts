import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Job } from '#src/jobs/job.ts';
import { added, claimed, newBatch, quietly } from '#src/store/contract/samples.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { openSqliteStore } from '#src/store/sqlite/database/open.ts';
import { openCountingBell } from '#src/testing/counting-bell.ts';
import { watchJobs } from './watch-jobs.ts';

/** A store with what watches it, and every statement that is sent to it. */
async function openWatch() {
  const stack = new AsyncDisposableStack();
  const bell = openCountingBell();
  const statements: string[] = [];
  const onQuery = ({ sql }: { readonly sql: string }) => {
    statements.push(sql);
  };
  const store = stack.use(await openSqliteStore({ file: ':memory:', bell, onQuery }));
  const changes = stack.use(openJobChanges(store, bell));
  const close = () => stack.disposeAsync();
  return { store, bell, changes, statements, readers: bell.listeners, [Symbol.asyncDispose]: close };
}

const completed = { kind: 'COMPLETED', processedSeconds: 100, ...quietly } as const;

test('watching jobs ends while it waits', async () => {
  await using opened = await openWatch();
  const { store, bell, changes, readers } = opened;
  const watching = watchJobs({}, { bell, changes });
  const waiting = watching.next();
  await added(store);
  assert.equal((await waiting).value?.status, 'QUEUED');
  const next = watching.next();
  await watching.return();
  assert.equal((await next).done, true);
  assert.equal(bell.listeners, readers);
});

test('a job that changes all the time is told at most four times a second, and its last change last', async () => {
  await using opened = await openWatch();
  const { store, bell, changes } = opened;
  const watching = watchJobs({}, { bell, changes });
  const start = performance.now();
  const seen: Job[] = [];
  const reading = (async () => {
    for await (const job of watching) if (seen.push(job) && job.status === 'COMPLETED') return;
  })();
  await added(store);
  const { lease } = await claimed(store);
  for (let batch = 1; seen.length < 4; batch += 1) {
    await store.appendBatch(lease, newBatch([`batch ${batch}`], batch / (batch + 1)));
    // The watcher's clock has a turn.
    await setImmediate();
  }
  await store.finish(lease, completed);
  await reading;
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seen.length <= 4 * seconds + 1, `${seen.length} items in ${seconds} s`);
  assert.deepEqual(
    seen.map(({ lastEventSeq }) => lastEventSeq),
    [...new Set(seen.map(({ lastEventSeq }) => lastEventSeq))].toSorted((one, other) => one - other),
  );
  assert.equal(seen.at(-1)?.lastEventSeq, (await store.job(seen[0]?.id ?? ''))?.lastEventSeq);
});

test('who reads slowly is told of a change that lies a thousand events back', async () => {
  await using opened = await openWatch();
  const { store, bell, changes } = opened;
  const watching = watchJobs({ filter: { status: ['QUEUED'] } }, { bell, changes });
  const first = watching.next();
  const job = await added(store);
  assert.equal((await first).value?.status, 'QUEUED');
  const second = await added(store);
  for (const { id } of [job, second]) {
    const { lease } = await claimed(store);
    assert.equal(lease.jobId, id);
    for (let batch = 1; batch < 500; batch += 1) await store.appendBatch(lease, newBatch(['more'], batch / 500));
  }
  const told = [(await watching.next()).value, (await watching.next()).value];
  assert.deepEqual(new Set(told.map((each) => each?.id)), new Set([job.id, second.id]));
  assert.ok(told.every((each) => each?.status === 'WORKING'));
  await watching.return();
});

test('a filter lets through what matches before or after a change, and nothing else', async () => {
  await using opened = await openWatch();
  const { store, bell, changes } = opened;
  const [job, other] = [await added(store), await added(store)];
  const filters = [{ status: ['QUEUED'] }, { status: ['COMPLETED'] }, { ids: [other.id] }, { status: [] }] as const;
  const watchers = filters.map((filter) => watchJobs({ filter }, { bell, changes }));
  const nexts = watchers.map((watcher) => watcher.next());
  const { lease } = await claimed(store);
  assert.equal((await nexts[0])?.value?.status, 'WORKING', 'it was QUEUED');
  await store.finish(lease, completed);
  assert.equal((await nexts[1])?.value?.id, job.id);
  await store.cancel(other.id);
  assert.equal((await nexts[2])?.value?.status, 'CANCELLED');
  await Promise.all(watchers.map((watcher) => watcher.return()));
  assert.equal((await nexts[3])?.done, true, 'an empty list matches nothing');
});

test('500 who watch have a job read once for each change, and none is left behind', async () => {
  await using opened = await openWatch();
  const { store, bell, changes, statements, readers } = opened;
  const watchers = Array.from({ length: 500 }, () => watchJobs({}, { bell, changes }));
  const first = watchers.map((watcher) => watcher.next());
  statements.length = 0;
  const { id } = await added(store);
  const seen = await Promise.all(first);
  assert.ok(seen.every(({ value }) => value?.id === id));
  const reads = statements.filter((sql) => sql.startsWith('select') && /from "(?:job|event)"/u.test(sql));
  assert.ok(reads.length <= 4, `${reads.length} reads: those of adding a job, the job once and its events once`);
  assert.equal(bell.listeners, readers + 500);
  await Promise.all(watchers.map((watcher) => watcher.return()));
  assert.equal(bell.listeners, readers);
});
