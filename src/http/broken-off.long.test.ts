import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRandom, type Random } from '#src/testing/chaos/random.ts';
import { openProcessHarness, type ProcessHarness, type ServerProcess } from '#src/testing/process.ts';

const operations = JSON.stringify({
  query:
    'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { ... on TranscribeSuccess { job { id } } } }',
  variables: { file: null },
});
const map = '{"0":["variables.file"]}';

function part(name: string, body: string, more = ''): string {
  return `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${body}\r\n`;
}

function file(name: string, bytes: number): string {
  return part(name, 'x'.repeat(bytes), '; filename="talk.flac"');
}

/** A multipart body in one piece, which never becomes a job: it lacks its last boundary. */
function bodyOf(random: Random): string {
  const files = Math.floor(1 + random.below(12));
  const parts = [
    part('operations', operations),
    part('map', random.below(8) < 1 ? `${map}${' '.repeat(1_100_000)}` : map),
    ...Array.from({ length: files }, (_, name) => file(String(name), Math.floor(random.below(20_000)))),
  ];
  const ordered = random.below(2) < 1 ? parts : parts.toSorted(() => random.below(2) - 1);
  return ordered.slice(Math.floor(random.below(3))).join('');
}

/** Sends as much of a body as is asked for, and leaves after a pause: by a FIN, or by a reset. */
async function send(
  url: string,
  { body, sent, pauseMs, resets }: { body: string; sent: number; pauseMs: number; resets: boolean },
): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  const head = `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: multipart/form-data; boundary=b\r\nApollo-Require-Preflight: 1\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.resume().write(head + body.slice(0, sent));
  await sleep(pauseMs);
  if (resets) socket.resetAndDestroy();
  else socket.end();
  await closed;
}

async function untilNothingIsLeft({ directory }: ProcessHarness): Promise<void> {
  const folders = ['uploads', 'media'].map((name) => join(directory, 'data', name));
  for (;;) {
    const names = await Promise.all(folders.map((folder) => readdir(folder)));
    if (names.flat().length === 0) return;
    await sleep(20);
  }
}

async function assertAlive({ child, url }: ServerProcess): Promise<void> {
  assert.equal(child.exitCode, null, 'the process goes on');
  assert.equal((await fetch(`${await url}/health`)).status, 200);
}

const cases: Readonly<Record<string, string>> = {
  'without its last boundary': part('operations', operations) + part('map', map) + file('0', 1000),
  'of eleven files without fields': Array.from({ length: 11 }, (_, name) => file(String(name), 10)).join(''),
  'with a map above the limit beside a file': file('0', 10) + part('map', ' '.repeat(1_100_000)),
  'that ends just after a file began': `${part('operations', operations)}--b\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\nx`,
  'of a file without a name': part('0', 'x', '').replace(
    'name="0"',
    'name="0"\r\nContent-Type: application/octet-stream',
  ),
};

test('a body that is cut off ends nothing but itself', async (t) => {
  await using harness = await openProcessHarness('speaks');
  const server = harness.start();
  const url = await server.url;
  for (const [name, body] of Object.entries(cases)) {
    await t.test(`one ${name}`, async () => {
      for (const resets of [false, true]) await send(url, { body, sent: body.length, pauseMs: 0, resets });
      await assertAlive(server);
    });
  }
  await t.test('500 of them, at random bytes and times, leave no file', async () => {
    const random = openRandom(15);
    const bodies = Array.from({ length: 500 }, () => {
      const body = bodyOf(random);
      return {
        body,
        sent: Math.floor(random.below(body.length)),
        pauseMs: random.below(50),
        resets: random.below(2) < 1,
      };
    });
    const clients = Array.from({ length: 20 }, async () => {
      for (let each = bodies.pop(); each !== undefined; each = bodies.pop()) await send(url, each);
    });
    await Promise.all(clients);
    await assertAlive(server);
    await untilNothingIsLeft(harness);
  });
});

test('a WebSocket that is reset before it is answered ends nothing but itself', async () => {
  await using harness = await openProcessHarness('speaks');
  const server = harness.start();
  const url = await server.url;
  const { hostname, port } = new URL(url);
  for (const path of ['/nothing', '/graphql']) {
    for (let round = 0; round < 50; round += 1) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      const head = `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
      await new Promise((resolve) => {
        socket.write(head, resolve);
      });
      socket.resetAndDestroy();
    }
  }
  await assertAlive(server);
});
