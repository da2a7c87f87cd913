import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf, followBySse, followByWebSocket, untilEvent, wsClient, type SeenEvent } from '#src/testing/follow.ts';
import { openTestServer, submit } from '#src/testing/server.ts';

const seqs = (events: readonly SeenEvent[]) => events.map(({ seq }) => seq);

test('events over WebSocket and over SSE are the same, without gaps, from the first and from the middle', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  const [live, sse] = await Promise.all([eventsOf(server.url, id), Array.fromAsync(followBySse(server.url, id))]);
  assert.deepEqual(
    seqs(live),
    live.map((_, index) => index + 1),
  );
  assert.equal(live[0]?.status, 'QUEUED');
  assert.equal(live.at(-1)?.status, 'COMPLETED');
  assert.deepEqual(
    live.flatMap(({ segments = [] }) => segments.map(({ text }) => text)),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(sse, live);
  assert.deepEqual(await eventsOf(server.url, id), live, 'a replay says the same');
  const middle = Math.floor(live.length / 2);
  assert.deepEqual(await Array.fromAsync(followByWebSocket(server.url, id, middle)), live.slice(middle));
  assert.deepEqual(await Array.fromAsync(followBySse(server.url, id, middle)), live.slice(middle));
});

test('with the last number of a finished job the subscription completes at once without an item', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  const events = await eventsOf(server.url, id);
  assert.deepEqual(await Array.fromAsync(followByWebSocket(server.url, id, events.length)), []);
});

test('a cursor that cannot be, and an unknown job, are errors with a code', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  const events = await eventsOf(server.url, id);
  await assert.rejects(Array.fromAsync(followByWebSocket(server.url, id, -1)), /BAD_USER_INPUT/u);
  await assert.rejects(Array.fromAsync(followByWebSocket(server.url, id, events.length + 1)), /BAD_USER_INPUT/u);
  await assert.rejects(Array.fromAsync(followByWebSocket(server.url, 'job_none')), /NOT_FOUND/u);
  await assert.rejects(Array.fromAsync(followBySse(server.url, 'job_none')), /NOT_FOUND/u);
});

test('cancelling a running job ends its events with CANCELLED, and a retry goes on from its checkpoint', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const id = await submit(server);
  await untilEvent(server.url, id, ({ segments }) => segments !== undefined);
  const cancel = `mutation ($id: ID!) { cancel(id: $id) { __typename ... on CancelSuccess { job { cancelRequestedAt } } } }`;
  const { data } = await server.ask(cancel, { id });
  assert.notEqual(data.cancel.job.cancelRequestedAt, null);
  const events = await eventsOf(server.url, id);
  assert.equal(events.at(-1)?.status, 'CANCELLED');
  assert.equal(
    (await server.ask(cancel, { id })).data.cancel.__typename,
    'CancelSuccess',
    'cancelling twice is a success',
  );
  const retried = await server.ask(`mutation ($id: ID!) { retry(id: $id) { __typename } }`, { id });
  assert.equal(retried.data.retry.__typename, 'RetrySuccess');
  const all = await eventsOf(server.url, id);
  assert.deepEqual(all.slice(0, events.length), events);
  assert.equal(all.at(-1)?.status, 'COMPLETED');
  assert.deepEqual(
    all.flatMap(({ segments = [] }) => segments.map(({ index }) => index)),
    [0, 1, 2],
  );
  assert.equal((await server.ask(cancel, { id })).data.cancel.__typename, 'JobAlreadyFinishedError');
});

test('a job that runs while the server stops is finished by the next one, and a client misses nothing', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const id = await submit(server);
  const before: SeenEvent[] = [];
  for await (const event of followByWebSocket(server.url, id)) {
    before.push(event);
    if (event.__typename === 'JobProgressed' && event.progress?.fraction !== 0) break;
  }
  await server.again();
  const after = await Array.fromAsync(followByWebSocket(server.url, id, before.length));
  const all = [...before, ...after];
  assert.deepEqual(
    seqs(all),
    all.map((_, index) => index + 1),
  );
  assert.equal(all.at(-1)?.status, 'COMPLETED');
  assert.deepEqual(
    all.flatMap(({ segments = [] }) => segments.map(({ index }) => index)),
    [0, 1, 2],
  );
});

test('jobChanged tells a job that matches the filter before or after its change, and its last change', async () => {
  await using server = await openTestServer();
  const client = wsClient(server.url);
  const query = `subscription { jobChanged(filter: { status: [QUEUED] }) { id status } }`;
  const changes = client.iterate<{ jobChanged: { id: string; status: string } }>({ query });
  const first = changes.next();
  // Answered on the same socket: the subscription before it stands.
  await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
  const id = await submit(server);
  await eventsOf(server.url, id);
  assert.equal((await first).value?.data?.jobChanged.id, id);
  await client.dispose();
});

test('serverStatus tells the server at once and again', async () => {
  await using server = await openTestServer();
  const client = wsClient(server.url);
  const query = 'subscription { serverStatus(intervalSeconds: 1) { id status queue { slots } memory { totalBytes } } }';
  const readings = client.iterate<{ serverStatus: { id: string; queue: { slots: number } } }>({ query });
  for (let count = 0; count < 2; count += 1) {
    const { value } = await readings.next();
    assert.equal(value?.data?.serverStatus.id, 'server');
    assert.equal(value?.data?.serverStatus.queue.slots, 1);
  }
  await client.dispose();
});
