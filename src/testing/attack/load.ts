import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  type Attack,
  bodyOf,
  multipart,
  openRaw,
  operate,
  parts,
  passes,
  rawRequest,
  sayRaw,
  statusOf,
  type Target,
  upload,
} from './target.ts';

/** A WebSocket that was let in. */
async function openSocket({ url }: Target): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

/** What a great many do at once. */
export const byMany: readonly Attack[] = [
  {
    name: 'ten thousand subscriptions of one caller',
    defence: '64 on a connection, 1,000 of a caller; the rest is told TOO_MANY_REQUESTS (src/http/quotas/quotas.ts)',
    async attack(target) {
      const sockets = await Promise.all(Array.from({ length: 32 * target.effort }, () => openSocket(target)));
      const refused = new Map<WebSocket, number>();
      for (const socket of sockets) {
        socket.on('message', (data: Buffer) => {
          if (String(data).includes('TOO_MANY_REQUESTS')) refused.set(socket, (refused.get(socket) ?? 0) + 1);
        });
        for (let id = 0; id < 64; id += 1) {
          socket.send(
            JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: 'subscription { jobDeleted }' } }),
          );
        }
      }
      const count = () => [...refused.values()].reduce((sum, each) => sum + each, 0);
      while (count() < sockets.length * 64 - 1000) await sleep(10);
      await passes(target, '{ server { id } }');
      for (const socket of sockets) socket.terminate();
      await sleep(100);
    },
    async twin(target) {
      const socket = await openSocket(target);
      socket.send('{"id":"1","type":"subscribe","payload":{"query":"subscription { serverStatus { id } }"}}');
      const [message] = await once(socket, 'message');
      assert.match(String(message), /"type":"next"/u);
      socket.terminate();
    },
  },
  {
    name: 'hundreds of connections that say a byte now and then',
    defence:
      'they cost a socket each, and are ended by the limits of heads and bodies (src/http/listen.ts, src/http/answer.ts)',
    async attack(target) {
      const sockets = await Promise.all(Array.from({ length: 60 * target.effort }, () => openRaw(target)));
      for (const letter of 'GET /health HTTP/1.1\r\nX-Slow: ') {
        for (const socket of sockets) if (!socket.destroyed) socket.write(letter);
        await sleep(5);
      }
      await passes(target, '{ server { id } }');
      for (const socket of sockets) socket.destroy();
    },
    twin: async (target) => assert.equal((await fetch(`${target.url}/health`)).status, 200),
  },
  {
    name: 'an upload without an end, and two hundred at once',
    defence:
      'a body ends at maxUploadBytes, and the fifth upload of a caller waits (src/http/body.ts, src/http/quotas/quotas.ts)',
    async attack(target) {
      const socket = await openRaw(target);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const head = rawRequest(target, { headers: { ...multipart, 'Transfer-Encoding': 'chunked' } });
      socket.write(head.replace(/Content-Length: 0\r\n/u, ''));
      const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
      socket.write(chunk(parts.join('').replace(/\r\n$/u, '')));
      const megabyte = chunk('x'.repeat(1_000_000));
      for (let megabytes = 0; megabytes < 400 && !socket.destroyed; megabytes += 1) {
        // Who goes on sending when the connection is closed is told by an error.
        if (!socket.write(megabyte)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
      }
      assert.ok(socket.destroyed, 'it is ended before 400 MB');
      const request = rawRequest(target, { headers: multipart, body: bodyOf(parts) });
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => sayRaw(target, request, { patienceMs: 5000 })),
      );
      const statuses = new Set(answers.map(statusOf));
      assert.ok(
        statuses.has(200) && [...statuses].every((status) => status === 200 || status === 429),
        [...statuses].join(),
      );
    },
    async twin(target) {
      while ((await upload(target)) !== 200) await sleep(10);
      await operate(target, '{ server { id } }');
    },
  },
];
