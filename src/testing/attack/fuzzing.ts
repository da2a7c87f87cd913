import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { WebSocket } from 'ws';
import { openRandom } from '../chaos/random.ts';
import { type Attack, bodyOf, json, multipart, parts, passes, rawRequest, sayRaw, statusOf, upload } from './target.ts';

/** Whatever bytes come: nothing may end the server, and no answer may be its fault. */
export const fuzzing: readonly Attack[] = [
  {
    name: 'multipart bodies cut off at every place, and left after 0 to 50 ms',
    defence:
      'errors of every stream are heard from its first moment; files of broken requests are removed (src/http/body.ts)',
    async attack(target) {
      const random = openRandom(1);
      for (let round = 0; round < (target.effort === 1 ? 80 : 320 * target.effort); round += 1) {
        const shuffled = parts.toSorted(() => random.below(1) - 0.5);
        const whole = rawRequest(target, { headers: multipart, body: bodyOf(shuffled) });
        const cut = whole.slice(0, Math.floor(random.below(whole.length)));
        await sayRaw(target, cut, { leaveAfterMs: round % 3 === 0 ? Math.floor(random.below(50)) : 0 });
      }
    },
    twin: async (target) => assert.equal(await upload(target), 200),
  },
  {
    name: 'multipart bodies whose parts come in any order and number',
    defence: 'two fields and ten files, placed only where the operation has a null (src/http/body.ts)',
    async attack(target) {
      const random = openRandom(2);
      for (let round = 0; round < (target.effort === 1 ? 25 : 80 * target.effort); round += 1) {
        const chosen = Array.from(
          { length: 1 + Math.floor(random.below(14)) },
          () => parts[Math.floor(random.below(3))] ?? '',
        );
        assert.notEqual(await upload(target, chosen), 500);
      }
    },
    twin: async (target) => assert.equal(await upload(target), 200),
  },
  {
    name: 'JSON bodies of any shape',
    defence: 'a body of 1 MiB, checked before it is an operation; other errors are masked (src/http/yoga.ts)',
    async attack(target) {
      const value = fc.oneof(
        fc.jsonValue(),
        fc.record({
          query: fc.oneof(fc.string(), fc.jsonValue()),
          variables: fc.jsonValue(),
          operationName: fc.jsonValue(),
        }),
      );
      for (const body of fc.sample(value, { numRuns: 60 * target.effort, seed: 3 })) {
        const status = statusOf(
          await sayRaw(target, rawRequest(target, { headers: json, body: JSON.stringify(body) ?? '' }), {
            patienceMs: 10_000,
          }),
        );
        assert.ok(status < 500 && status !== 0, `${status} for ${JSON.stringify(body)}`);
      }
    },
    twin: (target) => passes(target, '{ server { id } }'),
  },
  {
    name: 'heads of any bytes',
    defence: 'one Host, which is known; paths are compared, not parsed (src/http/request-checks.ts)',
    async attack(target) {
      const bytes = fc.uint8Array({ maxLength: 300 });
      for (const some of fc.sample(bytes, { numRuns: 60 * target.effort, seed: 4 })) {
        await sayRaw(target, Buffer.concat([Buffer.from('GET /graphql HTTP/1.1\r\n'), some, Buffer.from('\r\n\r\n')]), {
          patienceMs: 20,
        });
      }
      const names = fc.stringMatching(/^[a-z-]{1,20}$/u);
      for (const headers of fc.sample(fc.dictionary(names, fc.stringMatching(/^[ -~]{0,60}$/u)), {
        numRuns: 60 * target.effort,
        seed: 5,
      })) {
        await sayRaw(target, rawRequest(target, { headers, body: '{}' }), { patienceMs: 20 });
      }
    },
    twin: async (target) => assert.equal((await fetch(`${target.url}/health`)).status, 200),
  },
  {
    name: 'WebSocket messages and frames of any kind',
    defence: '256 KiB a message; nothing that is thrown leaves the socket (src/http/websocket.ts)',
    async attack(target) {
      const message = fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .record({
            type: fc.constantFrom('connection_init', 'subscribe', 'complete', 'ping', 'pong', 'next', 'x'),
            id: fc.jsonValue(),
            payload: fc.jsonValue(),
          })
          .map((each) => JSON.stringify(each)),
      );
      for (const messages of fc.sample(fc.array(message, { maxLength: 6 }), { numRuns: 40 * target.effort, seed: 6 })) {
        const socket = new WebSocket(`${target.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws').on(
          'error',
          () => undefined,
        );
        await Promise.race([once(socket, 'open'), once(socket, 'close')]);
        for (const each of ['{"type":"connection_init"}', ...messages]) socket.send(each, () => undefined);
        socket.terminate();
      }
      const key = Buffer.alloc(16, 1).toString('base64');
      const upgrade = rawRequest(target, {
        method: 'GET',
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': key,
          'Sec-WebSocket-Protocol': 'graphql-transport-ws',
        },
      });
      for (const frames of fc.sample(fc.uint8Array({ maxLength: 100 }), { numRuns: 40 * target.effort, seed: 7 })) {
        await sayRaw(target, Buffer.concat([Buffer.from(upgrade), frames]), { patienceMs: 20 });
      }
    },
    async twin(target) {
      const socket = new WebSocket(`${target.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      const [message] = await once(socket, 'message');
      assert.match(String(message), /connection_ack/u);
      socket.close();
    },
  },
];
