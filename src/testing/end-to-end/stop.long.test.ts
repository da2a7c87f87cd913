import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { untilEvent } from '#src/testing/follow.ts';
import { lastingPort, openProcessHarness, submitTo, untilNoChildren } from '#src/testing/process.ts';

const hasSpoken = ({ segments }: { readonly segments?: unknown }): boolean => segments !== undefined;

/** A socket that follows the queue; settles once its first event has come. */
async function openFollower(url: string, id: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const payload = { query: 'subscription ($id: ID!) { jobEvents(id: $id) { seq } }', variables: { id } };
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
  await once(socket, 'message');
  return socket;
}

test('SIGTERM with three running jobs and a hundred followers ends with 0 in time, and leaves nothing', async () => {
  await using harness = await openProcessHarness('ignores-sigterm');
  const server = harness.start({ PHONOGRAPH_NUM_JOBS: '3' });
  const url = await server.url;
  const ids = await Promise.all([1, 2, 3].map(() => submitTo(url)));
  await Promise.all(ids.map((id) => untilEvent(url, id, hasSpoken)));
  const sockets = await Promise.all(Array.from({ length: 100 }, (_, index) => openFollower(url, ids[index % 3] ?? '')));
  const closed = sockets.map((socket) => once(socket, 'close'));
  const start = performance.now();
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.ended, { code: 0, stderr: '' });
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds <= 15, `it took ${seconds} s`);
  const codes = (await Promise.all(closed)).map(([code]) => code);
  assert.deepEqual(new Set(codes), new Set([1001]));
  assert.deepEqual(harness.children(), []);
});

test('a second SIGTERM ends the server at once, with everything that its engines have started', async () => {
  await using harness = await openProcessHarness('forks');
  const server = harness.start({ PHONOGRAPH_ENGINE_STOP_SECONDS: '60' });
  const url = await server.url;
  await untilEvent(url, await submitTo(url), hasSpoken);
  assert.ok(harness.children().length > 0);
  server.child.kill('SIGTERM');
  await server.said('signal received');
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 128);
  await untilNoChildren(harness, 2000);
});

test('a signal that a service manager sends to all of a service, and the set-up passes on, is one', async () => {
  await using harness = await openProcessHarness('speaks');
  const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: String(lastingPort()) };
  const main = join(import.meta.dirname, '../../main.ts');
  // As the set-up starts it.
  const server = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const lines = on(createInterface({ input: server.stdout ?? assert.fail() }), 'line');
  for await (const [line] of lines) if (String(line).includes('server listening')) break;
  server.kill('SIGTERM');
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

test('engines of a server that is killed are gone within two seconds, also where they ignore SIGTERM', async () => {
  await using harness = await openProcessHarness('ignores-sigterm');
  const server = harness.start({ PHONOGRAPH_NUM_JOBS: '3' });
  const url = await server.url;
  const ids = await Promise.all([1, 2, 3].map(() => submitTo(url)));
  await Promise.all(ids.map((id) => untilEvent(url, id, hasSpoken)));
  server.child.kill('SIGKILL');
  await server.ended;
  await untilNoChildren(harness, 2000);
});
