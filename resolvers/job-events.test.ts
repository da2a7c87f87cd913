import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { JobEvent } from '#src/jobs/job-event.ts';
import { newJob } from '#src/store/contract/samples.ts';
import { openBell } from '#src/store/notifier.ts';
import { openSqliteStore } from '#src/store/sqlite/database/open.ts';
import type { Store } from '#src/store/store.ts';
import { openCountingBell } from '#src/testing/counting-bell.ts';
import { followJob } from './job-events.ts';

test('a client that leaves while it waits is no longer listened for', async () => {
  const bell = openCountingBell();
  await using store = await openSqliteStore({ file: ':memory:', bell });
  const { job } = await store.addJob(newJob());
  const events = await followJob({ id: job.id, after: 0 }, { store, bell });
  assert.equal((await events.next()).value?.seq, 1);
  const waiting = events.next();
  await events.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(bell.listeners, 0);
});

test('a job that was deleted while it is followed is NOT_FOUND', async () => {
  const bell = openBell();
  await using store = await openSqliteStore({ file: ':memory:', bell });
  const { job } = await store.addJob(newJob());
  let gone = false;
  const forgetful: Store = { ...store, job: async (id) => (gone ? null : store.job(id)) };
  const events = await followJob({ id: job.id, after: 1 }, { store: forgetful, bell });
  const waiting = events.next();
  gone = true;
  bell.ring(job.id);
  await assert.rejects(waiting, { code: 'NOT_FOUND' });
});

test('of 1,000 followers of 1,000 jobs only those of the job that changed read, and only what is new', async () => {
  const bell = openBell();
  const asked: (readonly unknown[])[] = [];
  const onQuery = ({ parameters }: { readonly parameters: readonly unknown[] }) => {
    asked.push(parameters);
  };
  await using store = await openSqliteStore({ file: ':memory:', bell, onQuery });
  const followers: { readonly id: string; readonly next: Promise<IteratorResult<JobEvent, void>> }[] = [];
  const open: AsyncGenerator<JobEvent, void>[] = [];
  for (let count = 0; count < 1000; count += 1) {
    const { job } = await store.addJob(newJob());
    const events = await followJob({ id: job.id, after: 1 }, { store, bell });
    open.push(events);
    followers.push({ id: job.id, next: events.next() });
  }
  // The database answers without waiting: after a turn of the event loop each of them has read its past.
  await setImmediate();
  const { id = '', next } = followers[500] ?? {};
  asked.length = 0;
  await store.cancel(id);
  const event = (await next)?.value;
  assert.ok(event?.kind === 'STATUS_CHANGED' && event.status === 'CANCELLED');
  assert.equal((await open[500]?.next())?.done, true);
  const others = new Set(followers.map((follower) => follower.id).filter((each) => each !== id));
  assert.deepEqual(
    asked.filter((parameters) => parameters.some((value) => others.has(String(value)))),
    [],
  );
  const reads = asked.filter((parameters) => parameters.includes(id)).length;
  assert.ok(reads <= 8, `${reads} statements about the job: the cancel, its events once, and the job once`);
  await Promise.all(open.map((events) => events.return()));
});
