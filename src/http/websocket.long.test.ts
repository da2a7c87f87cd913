import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { ask, openTestServer, submit } from '#src/testing/server.ts';
import { eventsOf, wsClient } from '#src/testing/follow.ts';

const protocol = 'graphql-transport-ws';

/** A bare socket that speaks the protocol by hand. */
async function openSocket(url: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { headers });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  return socket;
}

async function refusalOf(url: string, headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(url, protocol, { headers });
  const [error] = await once(socket, 'error');
  return String(error);
}

/** Sends an operation and returns the first answer to it. */
async function say(socket: WebSocket, id: string, query: string): Promise<{ type: string; payload: unknown }> {
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }));
  for await (const [data] of on(socket)) {
    const message = JSON.parse(String(data)) as { id?: string; type: string; payload: unknown };
    if (message.id === id) return message;
  }
  throw new Error('the socket closed');
}

async function* on(socket: WebSocket): AsyncGenerator<[unknown]> {
  while (socket.readyState === WebSocket.OPEN) yield [(await once(socket, 'message'))[0]];
}

/** By the rules of GraphQL over HTTP, only this media type tells a syntax error by its status. */
async function statusOf(url: string, query: string): Promise<number> {
  return (await ask(url, JSON.stringify({ query }), { accept: 'application/graphql-response+json' })).status;
}

test('what cannot be parsed or is not in the schema has the codes of HTTP', async () => {
  await using server = await openTestServer();
  const client = wsClient(server.url);
  for (const [query, code] of Object.entries({
    '{': 'GRAPHQL_PARSE_FAILED',
    '{ nothing }': 'GRAPHQL_VALIDATION_FAILED',
  })) {
    assert.equal((await server.ask(query)).errors?.[0]?.extensions['code'], code);
    const refused = (errors: unknown) => JSON.stringify(errors).includes(`"code":"${code}"`);
    await assert.rejects(Array.fromAsync(client.iterate({ query })), refused);
  }
  await client.dispose();
});

test('the upgrade asks for Host, Origin and path like any request', async () => {
  await using server = await openTestServer();
  const url = server.url.replace('http', 'ws');
  assert.match(await refusalOf(`${url}/graphql`, { origin: 'https://evil.example' }), /403/u);
  assert.match(await refusalOf(`${url}/graphql`, { host: 'evil.example' }), /421/u);
  assert.match(await refusalOf(`${url}/elsewhere`, {}), /404/u);
  (await openSocket(server.url, { origin: server.url })).close();
});

test('a syntax error is answered and leaves the socket open, and over HTTP it is still a 400', async () => {
  await using server = await openTestServer();
  const socket = await openSocket(server.url);
  const broken = '{ server { id }';
  assert.equal((await say(socket, '1', broken)).type, 'error');
  assert.equal((await say(socket, '2', '{ nothing }')).type, 'error');
  assert.equal((await say(socket, '3', '{ server { id } }')).type, 'next');
  assert.equal(await statusOf(server.url, broken), 400, 'first seen on the socket');
  const other = '{ jobs { ';
  assert.equal(await statusOf(server.url, other), 400);
  assert.equal((await say(socket, '4', other)).type, 'error', 'first seen over HTTP');
  assert.equal(await statusOf(server.url, other), 400);
  socket.close();
});

test('a message above 256 KiB closes its socket alone', async () => {
  await using server = await openTestServer();
  const [large, other] = [await openSocket(server.url), await openSocket(server.url)];
  large.send(
    JSON.stringify({ id: '1', type: 'subscribe', payload: { query: `{ server { id } } # ${'x'.repeat(262_144)}` } }),
  );
  const [code] = await once(large, 'close');
  assert.equal(code, 1009);
  assert.equal((await say(other, '1', '{ server { id } }')).type, 'next');
  other.close();
});

test('a socket carries at most 64 operations at a time', async () => {
  await using server = await openTestServer();
  const socket = await openSocket(server.url);
  const query = 'subscription { serverStatus(intervalSeconds: 60) { id } }';
  for (let count = 0; count < 64; count += 1) assert.equal((await say(socket, `s${count}`, query)).type, 'next');
  const refused = await say(socket, 'one more', query);
  assert.equal(refused.type, 'error');
  assert.match(JSON.stringify(refused.payload), /TOO_MANY_REQUESTS/u);
  socket.close();
});

test('a client that stops reading holds up nobody and does not end the server', async () => {
  await using server = await openTestServer({ engine: 'many-batches' });
  const stalled = await openSocket(server.url);
  const id = await submit(server);
  stalled.send(
    JSON.stringify({
      id: '1',
      type: 'subscribe',
      payload: { query: `subscription { jobEvents(id: "${id}") { seq } }` },
    }),
  );
  stalled.pause();
  const events = await eventsOf(server.url, id);
  assert.equal(events.at(-1)?.status, 'COMPLETED');
  assert.ok(events.length > 600);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  stalled.terminate();
});

test('mutations go over WebSocket as well', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const id = await submit(server);
  const client = wsClient(server.url);
  await Array.fromAsync(client.iterate({ query: `mutation { cancel(id: "${id}") { __typename } }` }));
  await client.dispose();
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'CANCELLED');
});

test('when the server stops, sockets are closed with 1001 and streams end', async () => {
  const server = await openTestServer({ engine: 'waits' });
  const socket = await openSocket(server.url);
  const id = await submit(server);
  await say(socket, '1', `subscription { jobEvents(id: "${id}") { seq } }`);
  const closed = once(socket, 'close');
  const query = encodeURIComponent('subscription { serverStatus(intervalSeconds: 60) { id } }');
  const stream = await fetch(`${server.url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } });
  const cut = stream.text().catch(() => 'cut');
  await server[Symbol.asyncDispose]();
  assert.equal((await closed)[0], 1001);
  assert.equal(await cut, 'cut', 'so that its client comes back with its cursor, and does not take it for the end');
});

test('a client that vanishes while it is written to is no word on stderr', async (t) => {
  const errors = t.mock.method(console, 'error', () => undefined);
  await using server = await openTestServer();
  const { hostname, port } = new URL(server.url);
  for (let round = 0; round < 20; round += 1) {
    const connection = connect(Number(port), hostname);
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      createConnection: () => connection,
    });
    await once(socket, 'open');
    socket.on('error', () => undefined);
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    for (let id = 0; id < 20; id += 1) {
      socket.send(
        JSON.stringify({
          id: String(id),
          type: 'subscribe',
          payload: { query: '{ jobs { totalCount } logs(first: 100) { edges { node { message } } } }' },
        }),
      );
    }
    await sleep(round % 5);
    connection.resetAndDestroy();
  }
  await sleep(200);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  assert.equal(errors.mock.callCount(), 0);
});
