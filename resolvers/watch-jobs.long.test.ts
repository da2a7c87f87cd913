import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { keptDeletedMs } from '#src/store/changes.ts';
import { added, newBatch, newJob, quietly } from '#src/store/contract/samples.ts';
import { openJobChanges } from '#src/store/job-changes.ts';
import { openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import { type Caller, newCaller } from '#src/testing/caller.ts';
import { openCountingNotifier } from '#src/testing/counting-notifier.ts';
import { wsClient } from '#src/testing/follow.ts';
import { openHttpServer } from '#src/testing/http-server.ts';
import type { Lease } from '#src/store/work.ts';
import { idOf, storeManyJobs, timeOf } from '#src/testing/many-jobs.ts';
import { ask } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { watchDeletions, watchJobs } from './watch-jobs.ts';

const hourMs = 3_600_000;
/** How far the clock is set back in all. */
const longestBackMs = 3 * hourMs;
const callers = { ADMIN: newCaller('root'), USER: newCaller('alice', 'USER') };
const apiKeys = Object.values(callers).map(({ key }) => key);
/** Nobody is ended who answers late on a busy machine. */
const timeouts = { pingMs: 60_000, stallMs: 60_000 };

type Server = Awaited<ReturnType<typeof openHttpServer>>;
type Filter = Readonly<Record<string, unknown>>;

const shown = 'id status title tags priority updatedAt language { code } progress { fraction }';
const documents = {
  jobs: `query ($filter: JobFilter) { jobs(filter: $filter, orderBy: UPDATED, first: 100) { edges { node { ${shown} } } } }`,
  changed: `subscription ($filter: JobFilter, $since: DateTime) { jobChanged(filter: $filter, since: $since) { ${shown} } }`,
  deleted: 'subscription ($since: DateTime) { jobDeleted(since: $since) }',
};

/** A page that shows the jobs of a filter, and is cut off and comes back as docs/front-end.md says. */
class Page {
  readonly #server: Server;
  readonly #caller: Caller;
  readonly #filter: Filter;
  readonly #seen = new EventEmitter();
  readonly #jobs = new Map<string, any>();
  readonly #deleted = new Set<string>();
  #since: string | undefined;
  #client: ReturnType<typeof wsClient> | undefined;

  constructor(server: Server, caller: Caller, filter: Filter) {
    this.#server = server;
    this.#caller = caller;
    this.#filter = filter;
  }

  async connect(now: number): Promise<void> {
    if (this.#client !== undefined) return;
    const client = wsClient(this.#server.url, this.#caller.headers);
    this.#client = client;
    if (this.#since === undefined) {
      for (const job of await this.query()) this.#show(job);
      // Without a job there is no time that the server gave, and its clock may be set back before the first.
      this.#since ??= new Date(now - longestBackMs).toISOString();
    }
    if (this.#client !== client) return;
    this.#read(client, documents.changed, ({ jobChanged }) => this.#show(jobChanged));
    this.#read(client, documents.deleted, ({ jobDeleted }) => this.#remove(jobDeleted));
  }

  cut(): void {
    this.#client?.terminate();
    this.#client = undefined;
  }

  /** What `jobs` shows now. */
  async query(): Promise<readonly any[]> {
    const body = JSON.stringify({ query: documents.jobs, variables: { filter: this.#filter } });
    const { data, errors } = await ask(this.#server.url, body, this.#caller.headers);
    assert.equal(errors, undefined);
    return data.jobs.edges.map(({ node }: any) => node);
  }

  shows(): readonly any[] {
    return [...this.#jobs.values()].toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  }

  async untilShown(id: string): Promise<void> {
    while (!this.#jobs.has(id)) await once(this.#seen, 'item');
  }

  async untilDeleted(id: string): Promise<void> {
    while (!this.#deleted.has(id)) await once(this.#seen, 'item');
  }

  #read(client: ReturnType<typeof wsClient>, query: string, take: (data: any) => void): void {
    const variables = { filter: this.#filter, since: this.#since };
    const next = ({ data, errors }: any) => {
      assert.equal(errors, undefined);
      // What was on its way when the page was cut off has not come.
      if (this.#client !== client) return;
      take(data);
      this.#seen.emit('item');
    };
    const over = (error: unknown) => {
      if (this.#client === client) this.#seen.emit('error', error);
    };
    client.subscribe({ query, variables }, { next, error: over, complete: () => over(new Error('It has ended.')) });
  }

  #show(job: any): void {
    if (this.#since === undefined || job.updatedAt > this.#since) this.#since = job.updatedAt;
    // A change that was read before the deletion may come after it; an id never comes back.
    if (this.#deleted.has(job.id)) return;
    const { status, tag } = this.#filter as { status?: readonly string[]; tag?: string };
    const isWanted = (status?.includes(job.status) ?? true) && (tag === undefined || job.tags.includes(tag));
    if (isWanted) this.#jobs.set(job.id, job);
    else this.#jobs.delete(job.id);
  }

  #remove(id: string): void {
    this.#deleted.add(id);
    this.#jobs.delete(id);
  }
}

const acts = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'add',
      'add',
      'claim',
      'batch',
      'language',
      'end',
      'cancel',
      'retry',
      'label',
      'label',
      'delete',
    ),
    job: fc.nat(),
    tags: fc.subarray(['x', 'y']),
    owner: fc.constantFrom('alice', 'bob'),
    /** Of the pages that are cut off, or come back. */
    toggled: fc.option(fc.nat({ max: 5 })),
    laterMs: fc.nat({ max: 20_000 }),
  }),
  { minLength: 10, maxLength: 30 },
);
type Act = typeof acts extends fc.Arbitrary<readonly (infer Each)[]> ? Each : never;

/** What is done to the jobs of a server. */
interface World extends Pick<Server, 'store' | 'notifier'> {
  readonly ids: string[];
  readonly leases: Lease[];
}

/** Does something to one of the jobs, where it can be done. */
async function perform(world: World, { kind, job, tags, owner }: Act): Promise<void> {
  const { store, ids, leases } = world;
  const id = ids[job % Math.max(1, ids.length)] ?? '';
  const lease = leases[job % Math.max(1, leases.length)];
  if (kind === 'add') ids.push((await added(store, { tags, callerId: owner, priority: job % 3 })).id);
  else if (kind === 'cancel') await store.cancel(id);
  else if (kind === 'retry') await store.retry(id, job % 2 === 0);
  else if (kind === 'label') await store.updateJob(id, { tags, title: `title ${job}` });
  else if (kind === 'delete') await remove(world, id);
  else if (kind === 'claim') await claim(world);
  else if (lease === undefined) return;
  else if (kind === 'batch') await store.appendBatch(lease, newBatch(['text'], (job % 10) / 10));
  else if (kind === 'language') await store.saveLanguage(lease, { code: 'de', probability: 1 });
  else await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
}

async function claim({ store, leases }: World): Promise<void> {
  const claimed = await store.claim('test');
  if (claimed !== null) leases.push(claimed.lease);
}

async function remove({ store, notifier }: Pick<World, 'store' | 'notifier'>, id: string): Promise<void> {
  const deleted = await store.deleteJob(id);
  if (deleted?.refused === false) notifier.notify('jobDeleted', id);
}

test('a page that is cut off at any time shows after it came back what jobs shows, for every filter and role, also after the clock was set back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 2, maxLength: 3 }), async (rounds) => {
      let time = 1_700_000_000_000;
      await using server = await openHttpServer({ timeouts, server: { apiKeys }, now: () => time });
      const pages = Object.values(callers).flatMap((caller) =>
        [{}, { status: ['QUEUED', 'FAILED'] }, { tag: 'x' }].map((filter) => new Page(server, caller, filter)),
      );
      const world: World = { ...server, ids: [], leases: [] };
      for (const round of rounds) {
        for (const act of round) {
          await perform(world, act);
          time += act.laterMs;
          const page = pages[act.toggled ?? -1];
          if (page === undefined) continue;
          if (act.job % 2 === 0) page.cut();
          else await page.connect(time);
        }
        for (const page of pages) if (round.length % 2 === 0) page.cut();
        time -= hourMs;
        await Promise.all(pages.map((page) => page.connect(time)));
        await settle(server, pages);
        for (const page of pages) assert.deepEqual(page.shows(), await page.query());
      }
      for (const page of pages) page.cut();
    }),
    { numRuns: 6 },
  );
});

/** Waits until every page has what happened until now: a job that all see comes and goes after it. */
async function settle(server: Server, pages: readonly Page[]): Promise<void> {
  const { id } = await added(server.store, { tags: ['x'], callerId: 'alice' });
  await Promise.all(pages.map((page) => page.untilShown(id)));
  await remove(server, id);
  await Promise.all(pages.map((page) => page.untilDeleted(id)));
}

/** A store with what watches it. */
async function openWatch() {
  let time = 1_700_000_000_000;
  const stack = new AsyncDisposableStack();
  const notifier = openCountingNotifier();
  const store = stack.use(await openStore({ database: ':memory:', notifier, now: () => time }));
  const changes = stack.use(openJobChanges(store, notifier));
  const setTime = (change: (now: number) => number) => {
    time = change(time);
    return new Date(time);
  };
  return { store, notifier, changes, setTime, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a change of labels is told to those whose filter matches before or after it, and to nobody else', async () => {
  await using opened = await openWatch();
  const { store, changes } = opened;
  const { id } = await added(store, { tags: ['before'], title: 'old' });
  const told = { titleContains: 'old', tag: 'before' };
  const filters = [{ tag: 'before' }, { titleContains: 'new' }, { tag: 'after' }, told, { tag: 'never' }];
  const watching = await Promise.all(filters.map((filter) => watchJobs({ filter }, { changes })));
  const nexts = watching.map((each) => each.next());
  await store.updateJob(id, { tags: ['between'] });
  await store.updateJob(id, { tags: ['after'], title: 'new' });
  for (const next of nexts.slice(0, 4)) assert.deepEqual((await next).value?.tags, ['after']);
  const marker = await added(store, { tags: ['never'] });
  assert.equal((await nexts[4])?.value?.id, marker.id);
  await Promise.all(watching.map((each) => each.return()));
});

test('with since first come the jobs that changed from 30 s before, the oldest change first, whatever their status', async () => {
  await using opened = await openWatch();
  const { store, changes, setTime } = opened;
  const [old, changed] = [await added(store), await added(store)];
  const since = setTime((time) => time + 60_000);
  setTime((time) => time - 30_000);
  const [first, second] = [await added(store), await added(store, { media: { ...newJob().media, name: 'other.wma' } })];
  await store.cancel(changed.id);
  const filter = { status: ['QUEUED'] as const, mediaNameContains: 'address' };
  const watching = await watchJobs({ filter, since }, { changes });
  const ids = [(await watching.next()).value?.id, (await watching.next()).value?.id];
  assert.deepEqual(ids, [first.id, changed.id]);
  const next = watching.next();
  await store.cancel(second.id);
  await store.cancel(old.id);
  assert.equal((await next).value?.id, old.id, 'it was QUEUED');
  await watching.return();
});

test('a time to come is now, and one that is too long ago is told', async () => {
  await using opened = await openWatch();
  const { store, changes, notifier, setTime } = opened;
  const { id } = await added(store);
  const [now, later] = [setTime((time) => time), new Date(8.64e15)];
  const watching = await watchJobs({ since: later }, { changes });
  assert.equal((await watching.next()).value?.id, id);
  await watching.return();
  const expired = { code: 'CURSOR_EXPIRED' };
  setTime((time) => time + keptDeletedMs + 1);
  await added(store);
  await assert.rejects(watchJobs({ since: now }, { changes }), expired);
  await assert.rejects(watchDeletions({ since: now }, { changes, notifier }), expired);
  await (await watchDeletions({ since: new Date(now.getTime() + 1) }, { changes, notifier })).return();
});

test('who has missed more than ten thousand jobs is told to query them anew', async () => {
  await using temporary = await openTemporary();
  const database = join(temporary.directory, 'phonograph.db');
  await storeManyJobs(database, { jobs: 10_001, segments: 0 });
  const store = temporary.stack.use(await openStore({ database, now: () => timeOf(10_000) }));
  const changes = temporary.stack.use(openJobChanges(store, openNotifier()));
  const since = (job: number) => new Date(timeOf(job) + 30_000);
  await assert.rejects(watchJobs({ since: since(0) }, { changes }), { code: 'CURSOR_EXPIRED' });
  const watching = await watchJobs({ since: since(1) }, { changes });
  for (let job = 1; job <= 10_000; job += 1) assert.equal((await watching.next()).value?.id, idOf(job));
  await watching.return();
});

test('each deletion is told once, those that were missed first', async () => {
  await using opened = await openWatch();
  const { store, changes, notifier } = opened;
  const jobs = [await added(store), await added(store), await added(store)];
  const [first, second, third] = jobs.map(({ id }) => id);
  const since = (await changes.changeClock()).newest;
  const context = { changes, notifier };
  await remove(opened, first ?? '');
  const [fromNow, missed] = [await watchDeletions({}, context), await watchDeletions({ since }, context)];
  const nexts = [fromNow.next(), missed.next(), missed.next()];
  await remove(opened, second ?? '');
  assert.deepEqual(await Promise.all(nexts.map(async (next) => (await next).value)), [second, first, second]);
  const last = [fromNow.next(), missed.next()];
  await remove(opened, third ?? '');
  assert.deepEqual(await Promise.all(last.map(async (next) => (await next).value)), [third, third]);
  await Promise.all([fromNow.return(), missed.return()]);
  assert.equal(notifier.listeners, 1, 'that of the changes');
});
