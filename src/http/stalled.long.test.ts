import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { added, claimed, newBatch } from '#src/store/contract/samples.ts';
import { storeBigJob } from '#src/testing/big-job.ts';
import { followByWebSocket } from '#src/testing/follow.ts';
import { openHttpServer } from '#src/testing/http-server.ts';
import { openProcessHarness, residentBytes } from '#src/testing/process.ts';

const protocol = 'graphql-transport-ws';
const eventsQuery = (id: string) =>
  `subscription { jobEvents(id: "${id}") { seq ... on JobSegmentsAdded { segments { text } } } }`;

async function openSocket(url: string, options = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, options);
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

test('a WebSocket that answers no ping is ended, and one that does stays', async () => {
  await using server = await openHttpServer();
  const quick = await openSocket(server.url);
  const halfOpen = await openSocket(server.url, { autoPong: false });
  await once(halfOpen, 'close');
  for (let pings = 0; pings < 3; pings += 1) await once(quick, 'ping');
  assert.equal(quick.readyState, WebSocket.OPEN);
  quick.close();
});

/** Asks for an event stream by hand, and stops to read. */
async function stall(url: string, id: string): Promise<Socket> {
  const { host, port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const query = encodeURIComponent(eventsQuery(id));
  socket.write(`GET /graphql?query=${query} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  return socket;
}

test('an event stream that is not read is ended, and nothing is read for it any more', async () => {
  await using server = await openHttpServer();
  const { id } = await added(server.store);
  const { lease } = await claimed(server.store);
  // More than the buffers of both sockets hold.
  for (let batch = 0; batch < 200; batch += 1) await server.store.appendBatch(lease, newBatch(['x'.repeat(100_000)]));
  const socket = await stall(server.url, id);
  await server.left;
  socket.resume();
  await once(socket, 'close');
});

test('an answer of any kind that is not read is ended', async () => {
  await using server = await openHttpServer();
  const { host, port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  // The page of GraphiQL, uncompressed, is more than the buffers of both sockets hold.
  socket.write(`GET /graphql HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  // What does not read hears that it was ended when it writes.
  socket.on('error', () => undefined);
  const knock = setInterval(() => socket.write('\r\n'), 20);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(knock);
});

test('clients that do not read cost nobody else anything: one beside them has 120 MB of events, and memory stays', async () => {
  const [events, letters] = [4000, 30_000];
  await using harness = await openProcessHarness('speaks');
  const data = join(harness.directory, 'data');
  await mkdir(data);
  const id = await storeBigJob(data, events, letters);
  const server = harness.start();
  const url = await server.url;
  await server.said('engine ready');
  // What the fast client alone makes of the server's memory is not what the others cost.
  let before = 0;
  for await (const { seq } of followByWebSocket(url, id)) {
    if (seq % 100 === 0) before = Math.max(before, await residentBytes(server.child.pid));
    if (seq === events) break;
  }
  const overWebSocket = await openSocket(url);
  overWebSocket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: eventsQuery(id) } }));
  await once(overWebSocket, 'message');
  overWebSocket.pause();
  const overHttp = await stall(url, id);
  let [last, most] = [0, 0];
  for await (const { seq, segments } of followByWebSocket(url, id)) {
    assert.equal(seq, last + 1);
    assert.equal(segments?.[0]?.text.length ?? letters, letters);
    last = seq;
    if (seq % 100 === 0) most = Math.max(most, await residentBytes(server.child.pid));
  }
  assert.equal(last, events);
  assert.ok(most - before < 100 * 1_048_576, `grew by ${Math.round((most - before) / 1_048_576)} MiB`);
  overWebSocket.terminate();
  overHttp.destroy();
});
