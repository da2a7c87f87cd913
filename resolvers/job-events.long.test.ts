import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Job, JobEvent } from '#src/jobs/job.ts';
import { added, claimed, newBatch, newJob, quietly } from '#src/store/contract/samples.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import type { Store } from '#src/store/store.ts';
import { openCountingNotifier } from '#src/testing/counting-notifier.ts';
import { followJob } from './job-events.ts';
import { watchJobs } from './watch-jobs.ts';

test('a client that leaves while it waits is no longer listened for', async () => {
  await using opened = await openWatch();
  const { store, notifier, changes, readers } = opened;
  const { job } = await store.addJob(newJob());
  const events = await followJob({ id: job.id, after: 0 }, { changes, notifier });
  assert.equal((await events.next()).value?.seq, 1);
  const waiting = events.next();
  await events.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(notifier.listeners, readers);
});

test('a job that was deleted while it is followed is NOT_FOUND', async () => {
  const notifier = openNotifier();
  await using store = await openStore({ database: ':memory:', notifier });
  const { job } = await store.addJob(newJob());
  let gone = false;
  const forgetful: Store = { ...store, job: async (id) => (gone ? null : store.job(id)) };
  using changes = openJobChanges(forgetful, notifier);
  const events = await followJob({ id: job.id, after: 1 }, { changes, notifier });
  const waiting = events.next();
  gone = true;
  notifier.notify('job', job.id);
  await assert.rejects(waiting, { code: 'NOT_FOUND' });
});

test('what another node writes between two readings is told when this node hears of it: nobody asks on and on until then, and nobody is sent away', async () => {
  const notifier = openNotifier();
  await using store = await openStore({ database: ':memory:', notifier });
  const { job } = await store.addJob(newJob());
  const cancelled = await store.cancel(job.id);
  let isBefore = true;
  const before: Store = {
    ...store,
    job: async (id) => (isBefore ? cancelled : store.job(id)),
    events: async (...asked) => (isBefore && asked[1] === 1 ? [] : store.events(...asked)),
  };
  using changes = openJobChanges(before, notifier);
  const { feed } = await followJob({ id: job.id, after: 1 }, { changes, notifier });
  assert.deepEqual(await feed.read(1), { items: [], upTo: 1, next: 'LATER' }, 'the events are those of before');
  await store.retry(job.id, false);
  const retried = await feed.read(2);
  assert.deepEqual([retried.upTo, retried.next], [3, 'LATER'], 'the job is that of before, which had ended');
  await store.cancel(job.id);
  isBefore = false;
  notifier.notify('job', job.id);
  const { upTo, next } = await feed.read(1);
  assert.deepEqual([upTo, next], [4, 'NOTHING']);
});

test('whoever comes from another node with a place that was not known here a moment ago goes on from it', async () => {
  const notifier = openNotifier();
  await using store = await openStore({ database: ':memory:', notifier });
  // Of what other nodes write this one has yet to hear.
  using changes = openJobChanges(store, openNotifier());
  const needs = { changes, notifier };
  const { job } = await store.addJob(newJob());
  assert.equal((await changes.job(job.id))?.lastEventSeq, 1);
  await store.cancel(job.id);
  assert.equal((await (await followJob({ id: job.id, after: 2 }, needs)).next()).done, true);
  await assert.rejects(followJob({ id: job.id, after: 3 }, needs), { code: 'BAD_USER_INPUT' });
});

test('of 300 followers of 300 jobs only those of the job that changed read, and only what is new', async () => {
  const notifier = openNotifier();
  const asked: (readonly unknown[])[] = [];
  const onQuery = ({ parameters }: { readonly parameters: readonly unknown[] }) => {
    asked.push(parameters);
  };
  await using store = await openStore({ database: ':memory:', notifier, onQuery });
  using changes = openJobChanges(store, notifier);
  const followers: { readonly id: string; readonly next: Promise<IteratorResult<JobEvent, void>> }[] = [];
  const open: AsyncGenerator<JobEvent, void>[] = [];
  for (let count = 0; count < 300; count += 1) {
    const { job } = await store.addJob(newJob());
    const events = await followJob({ id: job.id, after: 1 }, { changes, notifier });
    open.push(events);
    followers.push({ id: job.id, next: events.next() });
  }
  // The database answers without waiting: after a turn of the event loop each of them has read its past.
  await setImmediate();
  const { id = '', next } = followers[150] ?? {};
  asked.length = 0;
  await store.cancel(id);
  const event = (await next)?.value;
  assert.ok(event?.kind === 'STATUS_CHANGED' && event.status === 'CANCELLED');
  assert.equal((await open[150]?.next())?.done, true);
  const others = new Set(followers.map((follower) => follower.id).filter((each) => each !== id));
  assert.deepEqual(
    asked.filter((parameters) => parameters.some((value) => others.has(String(value)))),
    [],
  );
  const reads = asked.filter((parameters) => parameters.includes(id)).length;
  assert.ok(reads <= 8, `${reads} statements about the job: the cancel, its events once, and the job once`);
  await Promise.all(open.map((events) => events.return()));
});

/** A store with what watches it, and every statement that is sent to it. */
async function openWatch() {
  const stack = new AsyncDisposableStack();
  const notifier = openCountingNotifier();
  const statements: string[] = [];
  const onQuery = ({ sql }: { readonly sql: string }) => {
    statements.push(sql);
  };
  const store = stack.use(await openStore({ database: ':memory:', notifier, onQuery }));
  const changes = stack.use(openJobChanges(store, notifier));
  const close = () => stack.disposeAsync();
  return { store, notifier, changes, statements, readers: notifier.listeners, [Symbol.asyncDispose]: close };
}

const completed = { kind: 'COMPLETED', processedSeconds: 100, ...quietly } as const;

test('watching jobs ends while it waits', async () => {
  await using opened = await openWatch();
  const { store, notifier, changes, readers } = opened;
  const watching = await watchJobs({}, { changes });
  const waiting = watching.next();
  await added(store);
  assert.equal((await waiting).value?.status, 'QUEUED');
  const next = watching.next();
  await watching.return();
  assert.equal((await next).done, true);
  assert.equal(notifier.listeners, readers);
});

test('a job that changes all the time is told at most four times a second, and its last change last', async () => {
  await using opened = await openWatch();
  const { store, changes } = opened;
  const watching = await watchJobs({}, { changes });
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
  const { store, changes } = opened;
  const watching = await watchJobs({ filter: { status: ['QUEUED'] } }, { changes });
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
  const { store, changes } = opened;
  const [job, other] = [await added(store), await added(store)];
  const filters = [{ status: ['QUEUED'] }, { status: ['COMPLETED'] }, { ids: [other.id] }, { status: [] }] as const;
  const watchers = await Promise.all(filters.map((filter) => watchJobs({ filter }, { changes })));
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
  const { store, notifier, changes, statements, readers } = opened;
  const watchers = await Promise.all(Array.from({ length: 500 }, () => watchJobs({}, { changes })));
  const first = watchers.map((watcher) => watcher.next());
  statements.length = 0;
  const { id } = await added(store);
  const seen = await Promise.all(first);
  assert.ok(seen.every(({ value }) => value?.id === id));
  const reads = statements.filter((sql) => sql.startsWith('select') && /from "(?:job|event)"/u.test(sql));
  assert.ok(reads.length <= 4, `${reads.length} reads: those of adding a job, and the job once`);
  assert.equal(notifier.listeners, readers + 1, 'all are woken by one');
  await Promise.all(watchers.map((watcher) => watcher.return()));
  assert.equal(notifier.listeners, readers);
});
