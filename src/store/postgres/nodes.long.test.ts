import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Notifier, openNotifier } from '#src/store/notifier.ts';
import { openStore } from '#src/store/open.ts';
import { openPostgres, postgresProgram, type TestPostgres } from '../../testing/postgres.ts';
import { openBreakingProxy } from '../../testing/postgres-proxy.ts';
import { added, claimed, newBatch, newJob, quietly } from '../contract/samples.ts';
import type { Store } from '../store.ts';
import type { Claim } from '../work.ts';

interface Node {
  readonly store: Store;
  readonly notifier: Notifier;
}

/** Two nodes on one database. */
async function openNodes(stack: AsyncDisposableStack, database: string): Promise<readonly [Node, Node]> {
  const open = async (): Promise<Node> => {
    const notifier = openNotifier();
    return { store: stack.use(await openStore({ database, notifier })), notifier };
  };
  return [await open(), await open()];
}

/** Settles once a listener hears of this. */
function heard({ notifier }: Node, ...[topic, key]: Parameters<Notifier['notify']>): Promise<void> {
  return new Promise((resolve) => {
    const listening = notifier.listen(
      topic,
      () => {
        listening[Symbol.dispose]();
        resolve();
      },
      key,
    );
  });
}

const failure = { code: 'INTERNAL', message: 'It failed.', hint: null, retryable: true } as const;
const unavailable = { name: 'RequestError', code: 'SERVICE_UNAVAILABLE' };

describe('nodes that share a database in PostgreSQL', { skip: postgresProgram.skip }, () => {
  let postgres: TestPostgres;

  before(async () => {
    postgres = await openPostgres();
  });

  after(() => postgres[Symbol.asyncDispose]());

  it('hear of what the others change, and find it without a hint', async () => {
    await using stack = new AsyncDisposableStack();
    const database = await postgres.emptied();
    const [one, other] = await openNodes(stack, database);
    const { id } = await added(one.store);
    const hearing = heard(other, 'job', id);
    await one.store.updateJob(id, { title: 'new' });
    await hearing;
    const settings = heard(other, 'setting', '');
    await one.store.changeSettings({ numJobs: 2 }, 'test');
    await settings;
    // Whoever has written this has told nobody.
    const found = heard(other, 'job', id);
    await postgres.ask(database, 'update job set updated_at = updated_at + 1');
    await found;
    const deleted = heard(other, 'jobDeleted', id);
    await postgres.ask(
      database,
      `insert into deleted (job_id, time) values ('${id}', (select max(updated_at) from job))`,
    );
    await deleted;
  });

  it('tell of a thousand changes with few notifications, and of each key', async () => {
    await using stack = new AsyncDisposableStack();
    const database = await postgres.emptied();
    const [one, other] = await openNodes(stack, database);
    await sayUntil(one, heard(other, 'queue', 'ready'));
    let notifications = 0;
    const client = new Client({ connectionString: database });
    client.on('notification', () => (notifications += 1));
    await client.connect();
    stack.defer(() => client.end());
    await client.query('listen phonograph');
    const keys = new Set<string>();
    const all = new Promise<void>((resolve) => {
      other.notifier.listen('job', (key) => {
        if (keys.add(key).size === 1000) resolve();
      });
    });
    for (let job = 0; job < 1000; job += 1) one.notifier.notify('job', `job_${job}`);
    await all;
    await client.query('select 1');
    assert.ok(notifications > 0 && notifications < 10, `${notifications} notifications`);
  });

  it('give each job to one, number all apart, and know a key that comes to both at once', async () => {
    await using stack = new AsyncDisposableStack();
    const nodes = await openNodes(stack, await postgres.emptied());
    const both = <T>(times: number, act: (store: Store, time: number) => Promise<T>) =>
      Promise.all(Array.from({ length: times }, (_, time) => nodes.map(({ store }) => act(store, time))).flat());
    const jobs = await both(10, (store, time) => store.addJob(newJob({ callerId: `caller ${time % 3}` })));
    assert.equal(new Set((await nodes[0].store.jobs({}, { limit: 50 })).map(({ key }) => key)).size, 20);
    const ask = async () => (await both(10, (store) => store.claim('test'))).filter((claim) => claim !== null);
    const claims: Claim[] = [];
    // One may be passed over while the place of another is taken: who waits is told then to ask again.
    for (let some = await ask(); some.length > 0; some = await ask()) claims.push(...some);
    assert.deepEqual(claims.map(({ job }) => job.id).toSorted(), jobs.map(({ job }) => job.id).toSorted());
    const same = await both(4, (store) => store.addJob(newJob({ idempotencyKey: 'once' })));
    assert.equal(new Set(same.map(({ job }) => job.id)).size, 1);
    const limited = await both(4, (store) =>
      store.addJob(newJob({ callerId: 'alice' }), { maxQueuedPerCaller: 3 }).catch(() => null),
    );
    assert.equal(limited.filter((each) => each !== null).length, 3);
    const { queued } = await nodes[0].store.queueCounts();
    const few = await both(8, (store, time) =>
      store.addJob(newJob({ callerId: `caller ${time}` }), { maxQueued: queued + 3 }).catch(() => null),
    );
    assert.equal(few.filter((each) => each !== null).length, 3);
    const ended = await both(10, (store, time) => {
      const claim = claims[time];
      return claim ? store.finish(claim.lease, { kind: 'FAILED', failure, ...quietly }) : Promise.resolve(false);
    });
    assert.equal(ended.filter(Boolean).length, 10, 'of two that end an attempt one does');
    assert.equal(await nodes[1].store.countJobs({ status: ['FAILED'] }), 10);
  });

  it('go by the clock of the database', async (t) => {
    await using stack = new AsyncDisposableStack();
    const [{ store }] = await openNodes(stack, await postgres.emptied());
    const { now } = await store.changeClock();
    t.mock.method(Date, 'now', () => 0);
    const { createdAt } = await added(store);
    assert.ok(createdAt.getTime() >= now.getTime());
    const { lease } = await claimed(store);
    assert.deepEqual(await store.expiredAttempts(60_000), []);
    assert.equal((await store.expiredAttempts(0))[0]?.jobId, lease.jobId);
  });

  it('correct a transcript one after the other', async () => {
    await using stack = new AsyncDisposableStack();
    const nodes = await openNodes(stack, await postgres.emptied());
    const { id } = await added(nodes[0].store);
    const { lease } = await claimed(nodes[0].store);
    await nodes[0].store.appendBatch(lease, newBatch(['one', 'two']));
    await nodes[0].store.finish(lease, { kind: 'FAILED', failure, ...quietly });
    await Promise.all(
      nodes.map(({ store }, node) =>
        store.editSegments(
          id,
          [0, 1].map((index) => ({ index, text: `of node ${node}` })),
          null,
        ),
      ),
    );
    const texts = (await nodes[0].store.segments(id, { limit: 5 })).map(({ item }) => item.text);
    assert.equal(new Set(texts).size, 1, texts.join());
    const found = (await nodes[1].store.events(id, 0, 100)).filter(({ kind }) => kind === 'SEGMENTS_CHANGED');
    assert.equal(found.length, 2);
  });

  it('fetch each recording from one of them, and take it over when that one is gone', async () => {
    await using stack = new AsyncDisposableStack();
    let time = 1_700_000_000_000;
    const database = await postgres.emptied();
    const open = async () => stack.use(await openStore({ database, now: () => time }));
    const [one, other] = [await open(), await open()];
    const leaseMs = 10_000;
    const url = 'https://example.org/a.wav';
    const media = { name: 'a', key: { kept: 'a' }, bytes: null, sha256: null };
    const { id } = await added(one, { url, media, callerId: 'alice' });
    const { id: next } = await added(one, { url, callerId: 'alice' });
    const claims = await Promise.all([one, other].map((store) => store.claimDownload(id, leaseMs)));
    assert.equal(claims.filter((claim) => claim !== null).length, 1);
    const [holder, waiter] = claims[0] === null ? [other, one] : [one, other];
    await holder.beginDownload(id, { validator: '"1"', name: null });
    assert.deepEqual(await waiter.waitingDownloads(), [], 'of a caller one is fetched at a time');
    assert.equal(await waiter.claimDownload(next, leaseMs), null);
    time += leaseMs - 1;
    assert.equal(await holder.renewDownload(id, leaseMs), true);
    time += leaseMs - 1;
    assert.equal(await waiter.claimDownload(id, leaseMs), null);
    time += 2;
    assert.equal((await waiter.waitingDownloads())[0]?.id, id);
    const taken = await waiter.claimDownload(id, leaseMs);
    assert.deepEqual([taken?.url, taken?.validator], [url, null]);
    assert.notEqual(taken?.kept, 'a', 'who wakes up writes to another place');
    const there = { bytes: 1, sha256: 'x' };
    assert.deepEqual(
      [
        await holder.renewDownload(id, leaseMs),
        await holder.progressDownload(id, 0.5),
        await holder.finishDownload(id, there),
      ],
      [false, false, false],
    );
    await waiter.releaseDownload(id);
    assert.ok(await holder.claimDownload(id, leaseMs));
    assert.equal(await waiter.finishDownload(id, there), false);
    assert.equal(await holder.finishDownload(id, there), true);
    assert.equal((await waiter.waitingDownloads())[0]?.id, next);
  });

  it('send each message of a webhook from one of them', async () => {
    await using stack = new AsyncDisposableStack();
    const nodes = await openNodes(stack, await postgres.emptied());
    const [{ store }] = nodes;
    const webhook = {
      url: 'http://localhost',
      events: ['JOB_CANCELLED'],
      secret: 's',
      owner: null,
      everyJob: true,
    } as const;
    await store.addWebhook(webhook);
    for (let job = 0; job < 4; job += 1) await store.cancel((await added(store)).id);
    const due = await Promise.all(nodes.map((node) => node.store.dueMessages([], { perLane: 4, most: 10 })));
    const ids = due.flat().map(({ id }) => id);
    assert.equal(ids.length, 4);
    assert.equal(new Set(ids).size, 4);
  });

  it('go on where the database is killed and comes back, and tell clients meanwhile', async () => {
    await using stack = new AsyncDisposableStack();
    const [one, other] = await openNodes(stack, await postgres.emptied());
    const { id } = await added(one.store);
    const { lease } = await claimed(one.store);
    await postgres.kill();
    const writing = one.store.appendBatch(lease, newBatch(['one']));
    const reading = other.store.job(id);
    await postgres.start();
    assert.equal(await writing, true);
    assert.equal((await reading)?.id, id);
    assert.equal((await one.store.segments(id, { limit: 5 })).length, 1);
    await postgres.kill();
    await assert.rejects(one.store.probe(), unavailable);
    await assert.rejects(one.store.job(id), unavailable);
    await postgres.start();
    await one.store.probe();
    const hearing = heard(other, 'job', id);
    await one.store.updateJob(id, { title: 'after it' });
    await hearing;
  });

  it('count a change once whose commit was not answered, also when it comes to the database late', async () => {
    await using stack = new AsyncDisposableStack();
    const database = await postgres.emptied();
    const proxy = stack.use(await openBreakingProxy(database));
    const store = stack.use(await openStore({ database: proxy.address }));
    const { id } = await added(store);
    const { lease } = await claimed(store);
    const jobs = () => store.countJobs({});
    for (const cut of ['ANSWER', 'QUESTION'] as const) {
      const append = proxy.cut('commit', cut);
      assert.equal(await store.appendBatch(lease, newBatch([cut])), true);
      await append;
      const known = await jobs();
      const add = proxy.cut('commit', cut);
      await added(store);
      await add;
      assert.equal(await jobs(), known + 1, `a job of which the ${cut} was lost`);
    }
    const texts = (await store.segments(id, { limit: 5 })).map(({ item }) => item.text);
    assert.deepEqual(texts, ['ANSWER', 'QUESTION']);
    const count = await jobs();
    const late = proxy.cut('commit', 'LATE');
    const adding = added(store);
    await late;
    const given = 'select token from commit_token where kept = 0 and time > (select max(created_at) from job)';
    while ((await postgres.ask(database, given)).length === 0) await sleep(10);
    await proxy.letGo();
    await adding;
    assert.equal(await jobs(), count + 1);
  });

  it('count a change once whose commit was not answered, since the database has crashed', async () => {
    await using stack = new AsyncDisposableStack();
    const database = await postgres.emptied();
    const proxy = stack.use(await openBreakingProxy(database));
    const store = stack.use(await openStore({ database: proxy.address }));
    for (const [jobs, cut] of [
      [1, 'ANSWER'],
      [2, 'QUESTION'],
    ] as const) {
      const isCut = proxy.cut('commit', cut, { shuts: true });
      const adding = added(store);
      await isCut;
      await postgres.kill();
      await postgres.start();
      // The numbers of transactions that the crash has undone are given to others.
      for (let other = 0; other < 20; other += 1) await postgres.ask(database, 'delete from probe');
      proxy.open();
      await adding;
      assert.equal(await store.countJobs({}), jobs, `the ${cut} was lost`);
    }
  });

  it('keep no token of a commit that was answered', async () => {
    const database = await postgres.emptied();
    await postgres.ask(database, "insert into commit_token values ('old', 1, 0), ('new', 0, default)");
    await using store = await openStore({ database });
    for (let job = 0; job < 5; job += 1) await added(store);
    const tokens = (await postgres.ask(database, 'select token, kept from commit_token')).filter(
      ({ token }) => token === 'old' || token === 'new',
    );
    assert.deepEqual(tokens, [{ token: 'new', kept: '0' }]);
    const [{ rows } = {}] = await postgres.ask(database, 'select count(*)::int as rows from commit_token');
    assert.equal(rows, 2);
  });

  it('go on beside a newer version that has added something, and are not started any more', async () => {
    const database = await postgres.create();
    await using store = await openStore({ database });
    await postgres.ask(
      database,
      "create table newer (id text); alter table job add column newer text; insert into migration values ('9999-newer', '2026')",
    );
    const { id } = await added(store);
    const { lease } = await claimed(store);
    assert.equal(await store.appendBatch(lease, newBatch(['one'])), true);
    assert.equal(await store.finish(lease, { kind: 'CANCELLED', ...quietly }), true);
    assert.equal((await store.job(id))?.status, 'CANCELLED');
    await assert.rejects(openStore({ database }), /written by a newer version of Phonograph \(migration 9999-newer\)/u);
  });
});

/** Says something again and again until it was heard. */
async function sayUntil({ notifier }: Node, hearing: Promise<void>): Promise<void> {
  const isHeard = hearing.then(() => true);
  while (!(await Promise.race([isHeard, sleep(20, false)]))) notifier.notify('queue', 'ready');
}
