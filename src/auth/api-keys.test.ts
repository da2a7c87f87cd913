import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { openStore } from '../store/open.ts';
import { newCaller } from '#src/testing/caller.ts';
import { wsClient } from '#src/testing/follow.ts';
import { ask, openTestServer, type TestServer } from '#src/testing/server.ts';
import { makeApiKey } from './api-keys.ts';

interface Made {
  readonly id: string;
  readonly token: string;
  readonly headers: { readonly authorization: string };
}

type Headers = Record<string, string>;

const asked = (server: TestServer, query: string, headers: Headers = {}) =>
  ask(server.url, JSON.stringify({ query }), headers);

/** Makes a key over the API. */
async function make(server: TestServer, input: string, headers: Headers = {}): Promise<Made> {
  const query = `mutation { createApiKey(input: { ${input} }) {
    __typename ... on CreateApiKeySuccess { token apiKey { id prefix } } ... on Error { message }
  } }`;
  const { token, apiKey, message } = (await asked(server, query, headers)).data.createApiKey;
  assert.equal(message, undefined);
  assert.ok(token.startsWith(apiKey.prefix));
  return { id: apiKey.id, token, headers: { authorization: `Bearer ${token}` } };
}

/** Revokes a key over the API: the name of what came of it, and the field of an error. */
async function revoke(server: TestServer, id: string, headers: Headers): Promise<unknown> {
  const query = `mutation { revokeApiKey(id: "${id}") { __typename ... on InvalidInputError { field } } }`;
  return (await asked(server, query, headers)).data.revokeApiKey;
}

const whoami = '{ viewer { name role } }';

test('with the first key everybody needs one, and connections without one end', async () => {
  await using server = await openTestServer();
  const client = wsClient(server.url);
  const following = assert.rejects(
    Array.fromAsync(client.iterate({ query: 'subscription { serverStatus { id } }' })),
    (closed: { readonly code: number }) => closed.code === 4401,
  );
  const stream = await fetch(`${server.url}/graphql?query=subscription{serverStatus{id}}`, {
    headers: { accept: 'text/event-stream' },
  });
  const streamed = assert.rejects(stream.text());
  const root = await make(server, 'name: "root", role: ADMIN');
  await following;
  await streamed;
  assert.equal((await asked(server, whoami)).status, 401);
  assert.deepEqual((await asked(server, whoami, root.headers)).data.viewer, { name: 'root', role: 'ADMIN' });
  await server.again();
  assert.equal((await asked(server, whoami)).status, 401);
  assert.equal((await asked(server, whoami, root.headers)).status, 200);
  await client.dispose();
});

test('a revoked key lets nobody in from the answer on, and what is open with it ends with 4401', async () => {
  await using server = await openTestServer();
  const root = await make(server, 'name: "root", role: ADMIN');
  const alice = await make(server, 'name: "alice", role: USER', root.headers);
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  let attempts = 0;
  const client = createClient({
    url,
    connectionParams: alice.headers,
    retryAttempts: Infinity,
    shouldRetry: () => true,
  });
  client.on('connecting', () => (attempts += 1));
  const following = assert.rejects(
    Array.fromAsync(client.iterate({ query: 'subscription { jobChanged { id } }' })),
    (closed: { readonly code: number }) => closed.code === 4401,
  );
  const stream = await fetch(`${server.url}/graphql?query=subscription{serverStatus{id}}`, {
    headers: { accept: 'text/event-stream', ...alice.headers },
  });
  const streamed = assert.rejects(stream.text());
  const others = wsClient(server.url, root.headers);
  const going = others.iterate({ query: 'subscription { serverStatus(intervalSeconds: 1) { id } }' });
  await going.next();
  assert.deepEqual(await revoke(server, alice.id, root.headers), { __typename: 'RevokeApiKeySuccess' });
  assert.equal((await asked(server, whoami, alice.headers)).status, 401);
  const start = performance.now();
  await following;
  await streamed;
  assert.ok(performance.now() - start < 1000);
  assert.equal(attempts, 1, 'a client that would come back for ever does not');
  assert.equal((await going.next()).done, false, 'another key is not touched');
  assert.deepEqual(await revoke(server, alice.id, root.headers), { __typename: 'RevokeApiKeySuccess' });
  assert.deepEqual(await revoke(server, 'key_unknown', root.headers), { __typename: 'ApiKeyNotFoundError' });
  await Promise.all([client.dispose(), others.dispose()]);
});

test('what a connection still asks for after its key was revoked is not done', async () => {
  await using server = await openTestServer();
  const root = await make(server, 'name: "root", role: ADMIN');
  const eve = await make(server, 'name: "eve", role: ADMIN', root.headers);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const told: string[] = [];
  socket.addEventListener('message', ({ data }) => told.push(String(data)));
  socket.send(JSON.stringify({ type: 'connection_init', payload: eve.headers }));
  while (told.length === 0) await sleep(5);
  // Its body comes to an end after the key did.
  const { hostname, port, host } = new URL(server.url);
  const mutation = JSON.stringify({
    query: 'mutation { createApiKey(input: { name: "late", role: ADMIN }) { ... on CreateApiKeySuccess { token } } }',
  });
  const raw = connect(Number(port), hostname).setEncoding('latin1');
  const closed = once(raw, 'close');
  let answer = '';
  raw.on('data', (text) => (answer += String(text))).on('error', () => undefined);
  raw.write(
    `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${eve.headers.authorization}\r\nContent-Type: application/json\r\nContent-Length: ${mutation.length}\r\nConnection: close\r\n\r\n${mutation.slice(0, -1)}`,
  );
  await sleep(50);
  await revoke(server, eve.id, root.headers);
  raw.write(mutation.slice(-1));
  for (let id = 0; id < 5; id += 1) {
    socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: JSON.parse(mutation) }));
    await sleep(20);
  }
  await closed;
  socket.close();
  const { data } = await asked(server, '{ apiKeys { name } }', root.headers);
  assert.deepEqual(
    data.apiKeys.map(({ name }: { readonly name: string }) => name),
    ['root', 'eve'],
  );
  assert.ok(!answer.includes('phonograph_'));
  assert.ok(told.some((text) => text.includes('UNAUTHENTICATED')));
});

test('a key ends when it expires, and so does what is open with it', async () => {
  await using server = await openTestServer();
  const root = await make(server, 'name: "root", role: ADMIN');
  const expiresAt = new Date(Date.now() + 1200).toISOString();
  const brief = await make(server, `name: "brief", role: READER, expiresAt: "${expiresAt}"`, root.headers);
  assert.deepEqual((await asked(server, whoami, brief.headers)).data.viewer, { name: 'brief', role: 'READER' });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: brief.headers }));
  const [closed] = await once(socket, 'close');
  assert.equal(closed.code, 4401);
  assert.equal((await asked(server, whoami, brief.headers)).status, 401);
});

test('the last key of an ADMIN stays, one of the settings is changed there alone, and a name has one role', async () => {
  const given = newCaller('given', 'READER');
  await using server = await openTestServer({ server: { apiKeys: [given.key] } });
  await using other = await openTestServer();
  const root = await make(other, 'name: "root", role: ADMIN');
  const invalid = (field: string) => ({ __typename: 'InvalidInputError', field });
  assert.deepEqual(await revoke(other, root.id, root.headers), invalid('id'));
  const second = await make(other, 'name: "root", role: ADMIN', root.headers);
  assert.deepEqual(await revoke(other, root.id, second.headers), { __typename: 'RevokeApiKeySuccess' });
  const create = async (input: string) => {
    const query = `mutation { createApiKey(input: { ${input} }) { __typename ... on InvalidInputError { field } } }`;
    return (await asked(other, query, second.headers)).data.createApiKey;
  };
  assert.deepEqual(await create('name: "root", role: USER'), invalid('input.role'));
  assert.deepEqual(await create('name: "a b", role: USER'), invalid('input.name'));
  assert.deepEqual(await create('name: "", role: USER'), invalid('input.name'));
  assert.deepEqual(
    await create('name: "late", role: USER, expiresAt: "2020-01-01T00:00:00Z"'),
    invalid('input.expiresAt'),
  );
  // A READER looks after no keys.
  const refused = await asked(server, '{ apiKeys { id } }', given.headers);
  assert.equal(refused.errors?.[0]?.extensions['code'], 'FORBIDDEN');
});

test('keys are listed with when they were used, and without what lets in', async () => {
  const given = newCaller('given');
  await using server = await openTestServer({ server: { apiKeys: [given.key] } });
  const made = await make(server, 'name: "made", role: USER', given.headers);
  const list = async () =>
    (
      await asked(
        server,
        '{ apiKeys { id name role prefix createdAt lastUsedAt revokedAt configured } }',
        given.headers,
      )
    ).data.apiKeys;
  const [configured, before] = await list();
  assert.equal(configured.name, 'given');
  assert.deepEqual([configured.configured, configured.createdAt], [true, null]);
  assert.deepEqual([before.name, before.role, before.configured, before.lastUsedAt], ['made', 'USER', false, null]);
  const text = JSON.stringify(await list());
  assert.ok(!text.includes(made.token) && !text.includes(given.token));
  assert.equal(made.token.startsWith(before.prefix), true);
  assert.ok(before.prefix.length < 20);
  await asked(server, whoami, made.headers);
  assert.notEqual((await list())[1].lastUsedAt, null);
  await server.again();
  assert.notEqual((await list())[1].lastUsedAt, null, 'it outlives a restart');
  assert.deepEqual(await revoke(server, configured.id, given.headers), {
    __typename: 'InvalidInputError',
    field: 'id',
  });
  await revoke(server, made.id, given.headers);
  assert.notEqual((await list())[1].revokedAt, null);
});

test('once there was a key the server opens again by allowUnauthenticated alone', async () => {
  const given = newCaller('given');
  await using server = await openTestServer({ server: { apiKeys: [given.key] } });
  assert.equal((await asked(server, whoami)).status, 401);
  server.config.server.apiKeys.pop();
  await server.again();
  assert.equal((await asked(server, whoami)).status, 401, 'the last key was taken out of the settings');
  assert.equal((await asked(server, whoami, given.headers)).status, 401);
  Object.assign(server.config.server, { allowUnauthenticated: true });
  await server.again();
  assert.deepEqual((await asked(server, whoami)).data.viewer, { name: null, role: 'ADMIN' });
});

test('what another process has stored counts within a second', async () => {
  await using server = await openTestServer();
  const root = await make(server, 'name: "root", role: ADMIN');
  await using store = await openStore({ database: `${server.data}/phonograph.db`, asItIs: true });
  const { token, key } = await makeApiKey({ name: 'alice', role: 'USER', expiresAt: null }, { store, configured: [] });
  const headers = { authorization: `Bearer ${token}` };
  const start = performance.now();
  while ((await asked(server, whoami, headers)).status === 401) await sleep(50);
  await store.revokeApiKey(key.id, { keepAdmin: true });
  while ((await asked(server, whoami, headers)).status === 200) await sleep(50);
  assert.ok(performance.now() - start < 5000);
  assert.equal((await asked(server, whoami, root.headers)).status, 200);
});
