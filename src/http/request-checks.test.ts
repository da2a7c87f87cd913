import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { newCaller } from '#src/testing/caller.ts';
import { ask, openTestServer, type TestServer } from '#src/testing/server.ts';

const alice = newCaller('alice');
const bob = newCaller('bob');
const stranger = newCaller('alice');
const question = JSON.stringify({ query: '{ server { id } }' });
const origin = 'https://app.example';

let server: TestServer;
before(async () => {
  server = await openTestServer({ server: { apiKeys: [alice.key, bob.key], allowedOrigins: [origin] } });
});
after(() => server[Symbol.asyncDispose]());

/** The code with which a WebSocket is closed that says this by hand, and what it was told before. */
async function saidTo(url: string, messages: readonly object[], headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  const heard: string[] = [];
  socket.on('message', (data: Buffer) => heard.push(data.toString()));
  await once(socket, 'open');
  for (const message of messages) socket.send(JSON.stringify(message));
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason), heard };
}

test('without a key nothing is answered but /health, and /ready with its status alone', async () => {
  const { url } = server;
  const query = encodeURIComponent('subscription { serverStatus { id } }');
  const files = ['/jobs/job_none/media', '/jobs/job_none/transcript.srt'];
  for (const path of ['/graphql', `/graphql?query=${query}`, ...files, '/nothing', '/']) {
    const refused = await fetch(url + path, { headers: { accept: 'text/event-stream' } });
    assert.equal(refused.status, 401, path);
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer realm=/u);
    assert.match(await refused.text(), /"code":"UNAUTHENTICATED"/u);
  }
  assert.equal((await fetch(`${url}/nothing`, { headers: alice.headers })).status, 404);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  const ready = async (headers = {}) =>
    Object.keys((await (await fetch(`${url}/ready`, { headers })).json()) as object);
  assert.deepEqual(await ready(), ['status']);
  assert.deepEqual(await ready(alice.headers), ['status', 'problems']);
});

test('a token is asked for as it is, and only as Bearer', async () => {
  const { token } = alice;
  for (const authorization of [
    stranger.headers.authorization,
    `Basic ${token}`,
    token,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token} ${token}`,
    `Bearer ${alice.key.sha256}`,
    'Bearer ',
  ]) {
    const { status, errors } = await ask(server.url, question, { authorization });
    assert.deepEqual([status, errors?.[0]?.extensions['code']], [401, 'UNAUTHENTICATED'], authorization);
  }
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`, bob.headers.authorization]) {
    assert.equal((await ask(server.url, question, { authorization })).data.server.id, 'server');
  }
  const told = JSON.stringify(server.logs);
  assert.match(told, /caller refused/u);
  for (const secret of [token, stranger.token]) assert.ok(!told.includes(secret), 'no log line holds a token');
});

test('with * in allowedHosts any Host may call, with its key', async () => {
  await using open = await openTestServer({ server: { apiKeys: [alice.key], allowedHosts: ['*'] } });
  const statusOf = async (headers: Record<string, string>) => {
    const [response] = await once(get(`${open.url}/graphql?query={server{id}}`, { headers }), 'response');
    response.resume();
    return response.statusCode;
  };
  assert.equal(await statusOf({ host: 'phono.example', ...alice.headers }), 200);
  assert.equal(await statusOf({ host: 'phono.example' }), 401);
  assert.equal(await statusOf({ host: 'phono.example', origin: 'https://evil.example', ...alice.headers }), 403);
  assert.equal(await statusOf({ host: 'no host', ...alice.headers }), 421);
});

test('an upload without a key is refused before it is read', async () => {
  const form = new FormData();
  form.set('operations', '{}');
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'apollo-require-preflight': 'true' },
    body: form,
  });
  assert.equal(response.status, 401);
});

test('the page of GraphiQL needs no key and runs nothing; its operations need one', async () => {
  const query = encodeURIComponent('{ server { version } }');
  const page = await fetch(`${server.url}/graphql?query=${query}`, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 200);
  const text = await page.text();
  assert.match(text, /^\s*<!doctype html>/u);
  assert.doesNotMatch(text, /0\.0\.0-test/u);
  assert.match(text, /"subscriptionsProtocol":"SSE"/u, 'by which the header editor counts for subscriptions');
});

test('a WebSocket is let in by its connectionParams, in any case, or by the head of its upgrade', async () => {
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  for (const connectionParams of [alice.headers, { Authorization: bob.headers.authorization }]) {
    const client = createClient({ url, connectionParams });
    const [answer] = await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
    assert.deepEqual(answer?.data, { server: { id: 'server' } });
    await client.dispose();
  }
  class WithHead extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers: alice.headers });
    }
  }
  const client = createClient({ url, webSocketImpl: WithHead });
  assert.equal((await Array.fromAsync(client.iterate({ query: '{ server { id } }' }))).length, 1);
  await client.dispose();
});

test('a WebSocket without a key, or with a wrong one, is closed for good and told nothing', async () => {
  const subscribe = { id: '1', type: 'subscribe', payload: { query: '{ server { id } }' } };
  for (const payload of [undefined, stranger.headers, { authorization: 5 }, { authorization: '' }]) {
    const { code, reason, heard } = await saidTo(server.url, [{ type: 'connection_init', payload }, subscribe]);
    assert.deepEqual([code, heard], [4401, []]);
    assert.match(reason, /API key/u);
  }
  assert.equal((await saidTo(server.url, [subscribe])).code, 4401);
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const client = createClient({ url, retryAttempts: Infinity, shouldRetry: () => true });
  await assert.rejects(
    Array.fromAsync(client.iterate({ query: '{ server { id } }' })),
    (closed: { readonly code: number }) => closed.code === 4401,
    'a client that would come back for ever does not',
  );
  await client.dispose();
});

test('a page of an allowed origin may ask with its key, and reads why it was refused', async () => {
  const preflight = await fetch(`${server.url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/u);
  for (const headers of [{ origin }, { origin, ...alice.headers }]) {
    const response = await fetch(`${server.url}/graphql?query={server{id}}`, { headers });
    assert.equal(response.headers.get('access-control-allow-origin'), origin);
    assert.equal(response.headers.get('vary'), 'Origin');
  }
});

test('each key is a caller of its own, for idempotency keys and for what was changed by whom', async () => {
  const query = `mutation {
    transcribe(input: { media: { path: "speech.wav" }, idempotencyKey: "order 7" }) {
      ... on TranscribeSuccess { existing job { id } }
    }
  }`;
  const send = async (caller: typeof alice) =>
    (await ask(server.url, JSON.stringify({ query }), caller.headers)).data.transcribe;
  const first = await send(alice);
  const other = await send(bob);
  assert.deepEqual([first.existing, other.existing], [false, false]);
  assert.deepEqual(await send(alice), { existing: true, job: first.job });
  const change = JSON.stringify({ query: 'mutation { setConfig(input: { vad: false }) { __typename } }' });
  await ask(server.url, change, bob.headers);
  const pause = JSON.stringify({ query: 'mutation { pauseQueue { id } }' });
  await ask(server.url, pause, alice.headers);
  const database = new Sqlite(join(server.data, 'phonograph.db'), { readonly: true });
  const callers = database.prepare('select api_key_id from job order by created_at, rowid').pluck().all();
  assert.deepEqual(callers, ['alice', 'bob']);
  const changes = database.prepare("select key, changed_by from setting where key in ('vad', 'paused') order by key");
  assert.deepEqual(changes.raw().all(), [
    ['paused', 'alice'],
    ['vad', 'bob'],
  ]);
  database.close();
});

test('a request with two Hosts is refused', async () => {
  const { hostname, port, host } = new URL(server.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\nHost: other.example\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  assert.match(answer, /^HTTP\/1\.1 400 /u);
  socket.destroy();
});

test('pages of other sites load nothing by an element, and whoever follows a link gets there', async () => {
  const statusWith = async (headers: Record<string, string>) => {
    const [response] = await once(get(`${server.url}/health`, { headers }), 'response');
    response.resume();
    return response.statusCode;
  };
  const crossSite = { 'sec-fetch-site': 'cross-site' };
  assert.equal(await statusWith({ ...crossSite, 'sec-fetch-mode': 'no-cors' }), 403);
  assert.equal(await statusWith({ ...crossSite, 'sec-fetch-mode': 'navigate' }), 200);
  assert.equal(await statusWith({ ...crossSite, 'sec-fetch-mode': 'cors', origin }), 200);
  assert.equal(await statusWith({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' }), 200);
});

test('what cannot be answered as it is asked for is told with what can be', async () => {
  const headers = { accept: 'image/png', authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: question });
  assert.equal(response.status, 406);
  const { errors }: any = await response.json();
  assert.equal(errors[0].extensions.code, 'NOT_ACCEPTABLE');
});

test('a caller hears who it is, and a job whose it is', async () => {
  const said = async (query: string, { token }: typeof alice) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { data }: any = await response.json();
    return data;
  };
  assert.deepEqual(await said('{ viewer { name role } }', bob), { viewer: { name: 'bob', role: 'ADMIN' } });
  const submit =
    'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id owner } } } }';
  const { job } = (await said(submit, bob)).transcribe;
  assert.equal(job.owner, 'bob');
  const idsOf = async (owner: string) =>
    (await said(`{ jobs(filter: { owner: "${owner}" }) { edges { node { id } } } }`, alice)).jobs.edges.map(
      ({ node }: { readonly node: { readonly id: string } }) => node.id,
    );
  assert.ok((await idsOf('bob')).includes(job.id));
  assert.ok(!(await idsOf('alice')).includes(job.id));
  assert.deepEqual(await idsOf(''), []);
});
