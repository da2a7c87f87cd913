import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { newCaller } from '#src/testing/caller.ts';
import { ask, isReady, openTestServer, readyTells } from '#src/testing/server.ts';
import { wsClient } from '#src/testing/follow.ts';

/** The status of a request whose head fetch would not send, such as another Host. */
async function statusOf(url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  const sent = request(url, { method, headers }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

test('/health answers without work, and /ready tells the last known state', async () => {
  await using server = await openTestServer();
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  assert.deepEqual(await readyTells(server, isReady), { status: 'READY', problems: [] });
  assert.equal((await fetch(`${server.url}/ready`)).status, 200);
  assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
});

test('/ready says what is wrong with an engine that fails its test, and the server answers', async () => {
  await using server = await openTestServer({ server: { engineCommand: ['/no/such/engine'] } });
  const told = await readyTells(server, ({ status }) => status !== 'STARTING');
  assert.equal(told.status, 'DEGRADED');
  assert.equal(told.problems.length, 1);
  const { data } = await server.ask('{ server { status engine { ready problem } } }');
  assert.equal(data.server.engine.ready, false);
});

test('only known Hosts and own Origins come in', async () => {
  await using server = await openTestServer({
    server: { allowedHosts: ['phono.example'], allowedOrigins: ['https://app.example'] },
  });
  const { host, port } = new URL(server.url);
  const url = `${server.url}/health`;
  assert.equal(await statusOf(url, { host: `evil.example:${port}` }), 421);
  assert.equal(await statusOf(url, { host: `phono.example:${port}` }), 200);
  assert.equal(await statusOf(url, { host: `localhost:${port}` }), 200);
  assert.equal(await statusOf(url, { host, origin: 'https://evil.example' }), 403);
  assert.equal(await statusOf(url, { host, origin: 'null' }), 403);
  assert.equal(await statusOf(url, { host, origin: `http://${host}` }), 200);
  assert.equal(await statusOf(url, { host, origin: 'https://app.example' }), 200);
});

test('CORS is closed unless an Origin was allowed', async () => {
  await using server = await openTestServer();
  const closed = await fetch(`${server.url}/graphql?query={server{id}}`);
  assert.equal(closed.headers.get('access-control-allow-origin'), null);
  await using open = await openTestServer({ server: { allowedOrigins: ['https://app.example'] } });
  const told = await fetch(`${open.url}/graphql?query={server{id}}`, { headers: { origin: 'https://app.example' } });
  assert.equal(told.headers.get('access-control-allow-origin'), 'https://app.example');
});

test('what a browser sends unasked needs a header that it cannot send so', async () => {
  await using server = await openTestServer();
  const form = new URLSearchParams({ query: '{ server { id } }' }).toString();
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await ask(server.url, form, type)).status, 403);
  assert.equal((await ask(server.url, form, { ...type, 'apollo-require-preflight': 'true' })).data.server.id, 'server');
  assert.equal((await ask(server.url, form, { 'content-type': 'text/plain' })).status, 415);
  const byGet = await fetch(
    `${server.url}/graphql?query=${encodeURIComponent('mutation { cancel(id: "x") { __typename } }')}`,
  );
  assert.equal(byGet.status, 405);
});

test('a JSON body is at most 1 MiB, with and without a length told', async () => {
  await using server = await openTestServer();
  const body = JSON.stringify({ query: `# ${'x'.repeat(1_048_576)}\n{ server { id } }` });
  const { status, errors } = await ask(server.url, body);
  assert.equal(status, 413);
  assert.match(errors?.[0]?.message ?? '', /at most 1048576 bytes.*in several requests/u);
  const chunked = request(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
  chunked.write(body);
  chunked.end();
  const [response] = await once(chunked, 'response');
  response.resume();
  assert.equal(response.statusCode, 413);
  assert.equal((await ask(server.url, '{"query":"{ server { id } }"}')).status, 200, 'the server goes on');
});

test('an unexpected error is masked on HTTP and on WebSocket, also in development mode, and stands in the log', async () => {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'development';
  await using server = await openTestServer();
  // Then the server has written what it writes at its start: what is synchronous would wait for it in vain.
  while ((await server.ask('{ server { workers { id } } }')).data.server.workers.length === 0) await setTimeout(20);
  const database = new Sqlite(join(server.data, 'phonograph.db'));
  database.exec('drop table segment');
  database.exec('drop table attempt');
  database.exec('drop table event');
  database.exec('drop table media');
  database.exec('drop table job');
  database.close();
  const { errors } = await server.ask('{ job(id: "job_x") { id } }');
  const client = wsClient(server.url);
  const [overWs] = await Array.fromAsync(client.iterate({ query: '{ job(id: "job_x") { id } }' }));
  const subscribed = await Array.fromAsync(
    client.iterate({ query: 'subscription { jobEvents(id: "job_x") { seq } }' }),
  ).catch((error: unknown) => error);
  for (const text of [errors, overWs, subscribed].map((each) => JSON.stringify(each))) {
    assert.match(text, /INTERNAL_SERVER_ERROR/u);
    assert.doesNotMatch(text, /no such table|sqlite|node_modules|\.ts/iu);
  }
  assert.ok(
    server.logs.some(({ event, err }) => event === 'request failed' && /no such table/u.test(JSON.stringify(err))),
  );
  await client.dispose();
  process.env['NODE_ENV'] = before;
});

test('an upload link that is garbage, a bad method and a bad path do no harm', async () => {
  await using server = await openTestServer();
  assert.equal(await statusOf(`${server.url}/graphql`, {}, 'DELETE'), 405);
  assert.equal(await statusOf(`${server.url}//[`, {}), 404);
  assert.equal((await ask(server.url, 'no json')).status, 400);
  assert.equal((await ask(server.url, '[]')).status, 400);
  assert.equal((await ask(server.url, '{"query":5}')).status, 400);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});

test('event streams are not held back by a proxy', async () => {
  await using server = await openTestServer();
  const query = encodeURIComponent('subscription { serverStatus { id } }');
  const stop = new AbortController();
  const headers = { accept: 'text/event-stream' };
  const response = await fetch(`${server.url}/graphql?query=${query}`, { headers, signal: stop.signal });
  assert.equal(response.headers.get('x-accel-buffering'), 'no');
  assert.equal(response.headers.get('cache-control'), 'no-cache');
  stop.abort();
});

test('the page of GraphiQL is sent compressed, and not again to who has it', async () => {
  await using server = await openTestServer();
  const page = (headers: Readonly<Record<string, string>>) =>
    receive(`${server.url}/graphql`, { accept: 'text/html', ...headers });
  const accepted = ['br, gzip', 'gzip, br;q=0', 'identity'];
  const [brotli, gzip, plain] = await Promise.all(accepted.map((encoding) => page({ 'accept-encoding': encoding })));
  assert.ok(brotli && gzip && plain);
  assert.deepEqual(
    [brotli, gzip, plain].map(({ headers }) => headers['content-encoding']),
    ['br', 'gzip', undefined],
  );
  assert.equal(brotli.headers['vary'], 'Origin, Accept-Encoding');
  assert.ok(
    brotli.bytes * 3 < plain.bytes && gzip.bytes * 3 < plain.bytes,
    `${brotli.bytes} ${gzip.bytes} ${plain.bytes}`,
  );
  const { etag = '' } = (await page({})).headers;
  assert.equal((await page({ 'if-none-match': etag })).status, 304);
});

/** By node's client, which leaves an answer as it was sent. */
async function receive(url: string, headers: Readonly<Record<string, string>>) {
  const [response]: IncomingMessage[] = await once(get(url, { headers }), 'response');
  assert.ok(response);
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  return { status: response.statusCode, headers: response.headers, bytes };
}

test('GraphiQL comes from the server itself, with something to ask and something to follow', async () => {
  await using server = await openTestServer();
  const page = await (await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } })).text();
  assert.doesNotMatch(page, /<(?:script|link|img)[^>]+(?:src|href)="?https?:/iu);
  assert.match(page, /subscription Watch/u);
  assert.match(page, /subscription Follow/u);
  assert.match(page, /query Overview/u);
});

test('no answer may be shown within another page or load anything, and the page of GraphiQL runs its own scripts alone', async () => {
  await using server = await openTestServer();
  const health = (await receive(`${server.url}/health`, {})).headers;
  assert.equal(health['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  assert.equal(health['referrer-policy'], 'no-referrer');
  assert.equal(health['cross-origin-opener-policy'], 'same-origin');
  const page = (await receive(`${server.url}/graphql`, { accept: 'text/html' })).headers;
  const scripts = /script-src (?<sources>[^;]*)/u.exec(String(page['content-security-policy']))?.groups?.['sources'];
  assert.match(scripts ?? '', /^(?:'sha256-[\w+/]+=*' ?)+$/u);
});

test('a browser at the address of the server gets the web page, which loads from there alone, and everybody else where the API is', async () => {
  await using server = await openTestServer({ server: { apiKeys: [newCaller('alice').key] } });
  const page = await fetch(server.url, { headers: { accept: 'text/html,*/*;q=0.8' } });
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /u);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/u);
  const html = await page.text();
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/iu);
  const links = [...html.matchAll(/(?:href|src)="(?<to>[^"]+)"/gu)].map(({ groups }) => groups?.['to'] ?? '');
  assert.ok(links.length >= 4);
  for (const link of links) {
    assert.doesNotMatch(link, /^(?:\/|\w+:)/u, 'a page under the path of a proxy loads from there');
    const there = await fetch(new URL(link, page.url));
    assert.equal(there.status, 200, link);
    const isHashed = /-[A-Z0-9]{8}\./u.test(link);
    assert.match(there.headers.get('cache-control') ?? '', isHashed ? /immutable/u : /no-cache/u);
    await there.arrayBuffer();
  }
  assert.equal((await fetch(server.url)).status, 401);
  assert.equal((await fetch(`${server.url}/x`, { headers: { accept: 'text/html' } })).status, 401);
  assert.equal((await fetch(`${server.url}/web/../src/main.ts`)).status, 401);
  assert.equal((await fetch(`${server.url}/web/..%2fpackage.json`)).status, 404);
});

/** What a browser has to load before the page does anything, on a slow line. */
const mostScriptBytes = 200_000;

test('the web page loads at most 200 KB of compressed scripts', async (t) => {
  await using server = await openTestServer();
  const html = await (await fetch(server.url, { headers: { accept: 'text/html' } })).text();
  const scripts = [...html.matchAll(/src="(?<to>[^"]+\.js)"/gu)].map(({ groups }) => groups?.['to'] ?? '');
  assert.equal(scripts.length, 1);
  for (const encoding of ['br', 'gzip']) {
    const { headers, bytes } = await receive(`${server.url}/${scripts[0]}`, { 'accept-encoding': encoding });
    assert.equal(headers['content-encoding'], encoding);
    t.diagnostic(`${encoding}: ${bytes} bytes`);
    assert.ok(bytes > 10_000 && bytes <= mostScriptBytes, `${encoding}: ${bytes} bytes`);
  }
});

test('GraphiQL and introspection can be switched off', async () => {
  await using server = await openTestServer({ server: { graphiql: false, introspection: false } });
  assert.equal((await receive(`${server.url}/graphql`, { accept: 'text/html' })).status, 404);
  const { errors } = await server.ask('{ __schema { types { name } } }');
  assert.match(errors?.[0]?.message ?? '', /introspection/u);
  assert.equal((await server.ask('{ server { __typename } }')).data.server.__typename, 'Server');
});
