import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphQLError } from 'graphql';
import { newCaller } from '#src/testing/caller.ts';
import { wsClient } from '#src/testing/follow.ts';
import { ask, openTestServer, type TestServer } from '#src/testing/server.ts';

/** Begins an upload by hand, and sends no more than its beginning. */
async function beginUpload({ url }: TestServer): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  await once(socket, 'connect');
  const head = ['POST /graphql HTTP/1.1', `Host: ${host}`, 'apollo-require-preflight: 1', 'Content-Length: 100000'];
  const part = ['--x', 'Content-Disposition: form-data; name="0"; filename="a.wav"', '', 'RIFF'];
  socket.write([...head, 'Content-Type: multipart/form-data; boundary=x', '', ...part].join('\r\n'));
  return socket;
}

const statusIn = (text: string) => Number(/^HTTP\/1\.1 (?<code>\d+)/u.exec(text)?.groups?.['code']);

test('a body of which no more comes is not waited for, and nothing of it is left', async () => {
  await using server = await openTestServer({ server: { bodyIdleSeconds: 0.2 } });
  const socket = await beginUpload(server);
  const [answer] = await once(socket, 'data');
  assert.equal(statusIn(answer), 408);
  assert.match(answer, /No byte of the body came for 0\.2 s/u);
  await once(socket, 'close');
  assert.deepEqual(await readdir(join(server.data, 'media')), []);
});

test('a caller sends four recordings at a time, and the next when one of them has arrived', async () => {
  await using server = await openTestServer();
  const four = await Promise.all([1, 2, 3, 4].map(() => beginUpload(server)));
  await server.ask('{ server { id } }');
  const fifth = await beginUpload(server);
  const [answer] = await once(fifth, 'data');
  assert.equal(statusIn(answer), 429);
  assert.match(answer, /retry-after: 5/iu);
  assert.match(answer, /TOO_MANY_REQUESTS/u);
  const [first, ...others] = four;
  first?.destroy();
  for (let taken = false; !taken;) {
    const next = await beginUpload(server);
    // Taken is what is not answered while others are.
    const refused = once(next, 'data');
    await server.ask('{ server { id } }');
    taken = await Promise.race([refused.then(() => false), server.ask('{ server { id } }').then(() => true)]);
    next.destroy();
  }
  for (const socket of [...others, fifth]) socket.destroy();
});

test('a caller has so many subscriptions, over WebSocket and SSE together, and another one when one has ended', async () => {
  await using server = await openTestServer({ server: { maxSubscriptionsPerCaller: 2 } });
  const client = wsClient(server.url);
  const query = 'subscription { serverStatus { status } }';
  const first = client.iterate({ query });
  await first.next();
  const stop = new AbortController();
  const bySse = (signal?: AbortSignal) =>
    fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
      ...(signal && { signal }),
    });
  const stream = await bySse(stop.signal);
  await stream.body?.getReader().read();
  const refusal = async () => (await (await bySse()).text()).includes('TOO_MANY_REQUESTS');
  assert.equal(await refusal(), true);
  const [refused] = await Array.fromAsync(client.iterate({ query }));
  assert.equal(refused?.errors?.[0]?.extensions?.['code'], 'TOO_MANY_REQUESTS');
  stop.abort();
  await first.return?.();
  for (let isFree = false; !isFree;) {
    const again = client.iterate({ query });
    isFree = (await again.next()).value?.errors === undefined;
    await again.return?.();
  }
  await client.dispose();
});

const [outer] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal);

test(
  'an address has so many connections, this machine as many as it likes',
  { skip: outer === undefined },
  async () => {
    const address = outer?.address ?? '';
    const limits = {
      maxSocketsPerAddress: 3,
      listenHost: '0.0.0.0',
      allowUnauthenticated: true,
      allowedHosts: [address],
    };
    await using server = await openTestServer({ server: limits });
    const { port } = new URL(server.url);
    const open = async (host: string) => {
      const socket = connect(Number(port), host).on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const isServed = await Promise.race([
        once(socket, 'data').then(() => true),
        once(socket, 'close').then(() => false),
      ]);
      return { socket, isServed };
    };
    const outside = [];
    for (let count = 0; count < 4; count += 1) outside.push(await open(address));
    assert.deepEqual(
      outside.map(({ isServed }) => isServed),
      [true, true, true, false],
    );
    const inside = await Promise.all(Array.from({ length: 10 }, () => open('127.0.0.1')));
    assert.ok(inside.every(({ isServed }) => isServed));
    for (const { socket } of [...outside, ...inside]) socket.destroy();
  },
);

test('a client that still sends when it is refused hears why', async () => {
  await using server = await openTestServer();
  for (let round = 0; round < 20; round += 1) {
    const headers = { 'content-type': 'text/plain' };
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: Buffer.alloc(4_000_000) });
    assert.equal(response.status, 415);
    assert.match(await response.text(), /multipart\/form-data/u);
  }
});

test('whoever tries keys is slowed down after twenty a minute, and who has a right one is not', async () => {
  const alice = newCaller('alice');
  const limits = { apiKeys: [alice.key], trustedProxies: ['127.0.0.1'] };
  await using server = await openTestServer({ server: limits });
  const tryKey = async (token: string, from: string) => {
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': `203.0.113.9, ${from}` };
    const response = await fetch(`${server.url}/graphql?query={server{id}}`, { headers });
    await response.text();
    return { status: response.status, waitSeconds: Number(response.headers.get('retry-after')) };
  };
  for (let count = 0; count < 20; count += 1) assert.equal((await tryKey('wrong', '198.51.100.7')).status, 401);
  const slowed = await tryKey('wrong', '198.51.100.7');
  assert.equal(slowed.status, 429);
  assert.ok(slowed.waitSeconds > 0 && slowed.waitSeconds <= 60);
  assert.equal((await tryKey(alice.token, '198.51.100.7')).status, 200);
  // What is said before the nearest address that no proxy of ours has is anybody's word.
  assert.equal((await tryKey('wrong', '198.51.100.8')).status, 401);
});

test('a USER or READER asks so often a minute, over HTTP and WebSocket together; an ADMIN and a player as they like', async () => {
  const [alice, rita, root] = [newCaller('alice', 'USER'), newCaller('rita', 'READER'), newCaller('root')];
  const apiKeys = [alice.key, rita.key, root.key];
  await using server = await openTestServer({ server: { apiKeys, maxRequestsPerMinute: 5 } });
  const status = async ({ headers }: typeof alice, path = '/graphql?query={server{id}}') => {
    const response = await fetch(server.url + path, { headers });
    await response.text();
    return [response.status, Number(response.headers.get('retry-after'))];
  };
  const client = wsClient(server.url, alice.headers);
  const byWebSocket = async () => (await Array.fromAsync(client.iterate({ query: '{ server { id } }' })))[0];
  for (let count = 0; count < 3; count += 1) assert.deepEqual(await status(alice), [200, 0]);
  for (let count = 0; count < 2; count += 1) assert.ok((await byWebSocket())?.data);
  const [refused, waitSeconds = 0] = await status(alice);
  assert.equal(refused, 429);
  assert.ok(waitSeconds > 0 && waitSeconds <= 60);
  await assert.rejects(byWebSocket(), ([error]: readonly GraphQLError[]) => {
    assert.equal(error?.extensions['code'], 'TOO_MANY_REQUESTS');
    return true;
  });
  await client.dispose();
  assert.deepEqual(await status(alice, '/jobs/job_none/media'), [404, 0]);
  assert.equal((await status(alice, '/jobs/job_none/transcript.txt'))[0], 429);
  assert.deepEqual(await status(rita), [200, 0]);
  for (let count = 0; count < 10; count += 1) assert.deepEqual(await status(root), [200, 0]);
});

test('a wrong key counts as one over WebSocket too', async () => {
  const alice = newCaller('alice');
  await using server = await openTestServer({ server: { apiKeys: [alice.key] } });
  for (let count = 0; count < 21; count += 1) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } }));
    const [{ code }] = await once(socket, 'close');
    assert.equal(code, 4401);
  }
  const headers = { authorization: 'Bearer wrong' };
  assert.equal((await fetch(`${server.url}/graphql?query={server{id}}`, { headers })).status, 429);
});

test('a caller has so many jobs waiting, and so many hours of audio taken a day, and others are not in its way', async () => {
  const [alice, bob] = [newCaller('alice', 'USER'), newCaller('bob', 'USER')];
  const limits = { maxQueuedPerCaller: 2, maxAudioHoursPerDay: 0.001, usersMayReadMediaRoots: true };
  await using server = await openTestServer({ server: { apiKeys: [alice.key, bob.key], ...limits } });
  const submit = `mutation { transcribe(input: { media: { path: "speech.wav" } }) {
    __typename ... on TranscribeSuccess { job { id } } ... on QueueFullError { limit hint }
  } }`;
  const told = (caller: typeof alice, query: string) => ask(server.url, JSON.stringify({ query }), caller.headers);
  const { job } = (await told(alice, submit)).data.transcribe;
  while ((await told(alice, `{ job(id: "${job.id}") { status } }`)).data.job.status !== 'COMPLETED') await sleep(20);
  const { errors } = await told(alice, submit);
  assert.equal(errors?.[0]?.extensions['code'], 'TOO_MANY_REQUESTS');
  assert.match(errors?.[0]?.message ?? '', /hours of audio within 24 hours/u);
  server.config.server.maxAudioHoursPerDay = null;
  const made = await Promise.all(Array.from({ length: 12 }, () => told(alice, submit)));
  const full = made.filter(({ data }) => data.transcribe.__typename === 'QueueFullError');
  assert.ok(full.length > 0);
  assert.equal(full[0]?.data.transcribe.limit, 2);
  assert.match(full[0]?.data.transcribe.hint, /maxQueuedPerCaller/u);
  assert.equal((await told(bob, submit)).data.transcribe.__typename, 'TranscribeSuccess');
});
