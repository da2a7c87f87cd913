import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf, untilEvent, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { poolOf, secondsUntilStart } from './queue.ts';

const now = 1_700_000_000_000;
const since = (seconds: number) => new Date(now - seconds * 1000);

test('the start of a job is estimated from the slots that become free and the time that jobs take', () => {
  const at = (position: number, slots: number, working: { startedAt: Date; etaSeconds: number | null }[] = []) =>
    secondsUntilStart(position, {
      pace: { jobSeconds: 10, working: working.map((each) => ({ ...each, needs: 'COMPACT AUTO' })) },
      slots,
      now,
    });
  assert.deepEqual([at(1, 1), at(2, 1), at(5, 2)], [0, 10, 20]);
  const halfway = { startedAt: since(4), etaSeconds: null };
  const nearlyDone = { startedAt: since(60), etaSeconds: 2 };
  const overdue = { startedAt: since(99), etaSeconds: null };
  assert.deepEqual([at(1, 1, [halfway]), at(3, 1, [halfway])], [6, 26]);
  assert.deepEqual([at(1, 2, [halfway]), at(2, 2, [halfway]), at(3, 2, [halfway])], [0, 6, 10]);
  assert.deepEqual([at(1, 2, [halfway, nearlyDone]), at(2, 2, [halfway, nearlyDone])], [2, 6]);
  assert.equal(at(1, 1, [overdue]), 0);
  assert.equal(at(1, 1, [halfway, nearlyDone]), 6, 'after numJobs was lowered the one that ends last frees the slot');
  assert.equal(secondsUntilStart(1, { pace: { jobSeconds: null, working: [] }, slots: 1, now }), null);
});

test('a job waits for the slots of those workers alone that take jobs like it, and for all jobs that these take', () => {
  const worker = (slots: number, ...classes: string[]) => ({ status: 'READY', slots, classes }) as const;
  const lost = { status: 'LOST', slots: 9, classes: ['TURBO AUTO'] } as const;
  const workers = [worker(2, 'TURBO AUTO'), worker(3, 'COMPACT AUTO', 'TURBO AUTO'), worker(4, 'COMPACT AUTO'), lost];
  assert.deepEqual(poolOf('TURBO AUTO', workers), { slots: 5, classes: ['COMPACT AUTO', 'TURBO AUTO'] });
  assert.deepEqual(poolOf('TURBO AUTO', workers.slice(0, 1)), { slots: 2, classes: ['TURBO AUTO'] });
  assert.equal(poolOf('TURBO GPU_ONLY', workers), null);
  assert.equal(poolOf('TURBO AUTO', [lost]), null);
});

const fields = '{ status queue { queued working slots paused } }';
const pause = async (server: TestServer) => (await server.ask(`mutation { pauseQueue ${fields} }`)).data.pauseQueue;
const resume = async (server: TestServer) => (await server.ask(`mutation { resumeQueue ${fields} }`)).data.resumeQueue;
const waitingOf = async (server: TestServer, id: string) =>
  (await server.ask(`{ job(id: "${id}") { status queuePosition estimatedStartAt } config { paused } }`)).data;

test('a paused queue takes jobs and begins none, also after a restart, and goes on when it is resumed', async () => {
  await using server = await openTestServer();
  await eventsOf(server.url, await submit(server));
  assert.equal((await pause(server)).queue.paused, true);
  assert.equal((await pause(server)).queue.paused, true);
  const id = await submit(server);
  await server.again();
  const { job, config } = await waitingOf(server, id);
  assert.deepEqual(job, { status: 'QUEUED', queuePosition: 1, estimatedStartAt: null });
  assert.equal(config.paused, true);
  const events = eventsOf(server.url, id);
  const { queue } = await resume(server);
  assert.equal(queue.paused, false);
  assert.equal((await events).at(-1)?.status, 'COMPLETED');
  assert.equal((await waitingOf(server, id)).config.paused, false);
});

test('a job that runs while the queue is paused goes on, and the next one begins when it is resumed', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const first = await submit(server);
  await untilEvent(server.url, first, ({ segments }) => segments !== undefined);
  const second = await submit(server);
  const { queue } = await pause(server);
  assert.deepEqual(queue, { queued: 1, working: 1, slots: 1, paused: true });
  await server.ask(`mutation { cancel(id: "${first}") { __typename } }`);
  assert.equal((await eventsOf(server.url, first)).at(-1)?.status, 'CANCELLED');
  assert.equal((await waitingOf(server, second)).job.status, 'QUEUED');
  await resume(server);
  await untilEvent(server.url, second, ({ status }) => status === 'WORKING');
});

test('queueChanged tells the queue now, and again at most once a second when a job comes, goes or changes its place', async () => {
  await using server = await openTestServer();
  await pause(server);
  const client = wsClient(server.url);
  const told = client.iterate<any>({ query: 'subscription { queueChanged { queued working } }' });
  const next = async () => (await told.next()).value?.data?.['queueChanged'];
  const start = performance.now();
  assert.deepEqual(await next(), { queued: 0, working: 0 });
  const ids = await Promise.all(Array.from({ length: 9 }, () => submit(server)));
  let items = 1;
  for (let queued = 0; queued < 9; items += 1) queued = (await next()).queued;
  assert.ok(items <= (performance.now() - start) / 1000 + 1, `${items} items`);
  await server.ask(`mutation { updateJob(id: "${ids[8]}", input: { priority: 5 }) { __typename } }`);
  assert.deepEqual(await next(), { queued: 9, working: 0 });
  await server.ask(`mutation { updateJob(id: "${ids[8]}", input: { title: "no other place" }) { __typename } }`);
  await server.ask(`mutation { deleteJob(id: "${ids[8]}") { __typename } }`);
  assert.deepEqual(await next(), { queued: 8, working: 0 });
  await client.dispose();
});

test('a job that waits tells when it will begin, once a job was completed', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const first = await submit(server);
  await untilEvent(server.url, first, ({ segments }) => segments !== undefined);
  const early = await submit(server);
  assert.equal((await waitingOf(server, early)).job.estimatedStartAt, null);
  // Interrupted, the first one goes on before the other begins, and is completed.
  await server.again();
  assert.equal((await eventsOf(server.url, first)).at(-1)?.status, 'COMPLETED');
  await untilEvent(server.url, early, ({ segments }) => segments !== undefined);
  const late = await submit(server);
  const { job } = await waitingOf(server, late);
  assert.ok(Math.abs(Date.parse(job.estimatedStartAt) - Date.now()) < 60_000);
});
