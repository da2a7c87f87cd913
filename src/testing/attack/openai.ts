import assert from 'node:assert/strict';
import { type Attack, bodyOf, field, file, multipart, rawRequest, sayRaw, statusOf, type Target } from './target.ts';

const parts = [field('model', 'whisper-1'), file('file', 'RIFF and more')];
const { 'Content-Type': form } = multipart;

/** A call of OpenAI's API by hand. */
const callOf = (target: Target, some: readonly string[], headers: Readonly<Record<string, string>> = {}) =>
  rawRequest(target, {
    path: '/v1/audio/transcriptions',
    headers: { 'Content-Type': form, ...headers },
    body: bodyOf(some),
  });

/** The status that a call is answered with. */
const call = async (target: Target, ...how: [readonly string[], Readonly<Record<string, string>>?]) =>
  statusOf(await sayRaw(target, callOf(target, ...how), { patienceMs: 10_000 }));

/** What is done through the API that OpenAI's clients speak. */
export const byOpenai: readonly Attack[] = [
  {
    name: "calls of OpenAI's API by pages of other sites, which need no header that a browser asks about",
    defence:
      'an Origin, or a Sec-Fetch-Site, that is neither its own nor allowed is refused (src/http/request-checks.ts)',
    async attack(target) {
      for (const headers of [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { Origin: `${target.url}.evil.example` },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
        { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'navigate' },
        { 'Sec-Fetch-Site': 'anything' },
      ]) {
        assert.equal(await call(target, parts, headers), 403, JSON.stringify(headers));
      }
      assert.equal(await call(target, parts, { Host: 'evil.example' }), 421);
    },
    async twin(target) {
      assert.equal(await call(target, parts, { Origin: target.url, 'Sec-Fetch-Site': 'same-origin' }), 200);
    },
  },
  {
    name: "calls of OpenAI's API with fields of any number, size, name and order, cut off anywhere",
    defence:
      'a hundred fields of 16 KiB and one file, which goes with a call that is refused (src/http/openai/speech.ts)',
    async attack(target) {
      const [model = '', recording = ''] = parts;
      const large = field('prompt', 'x'.repeat(900_000));
      const many = Array.from({ length: 10_000 }, (_, at) => field(`keywords[${at}]`, 'x'));
      assert.equal(await call(target, [large, recording]), 413);
      assert.equal(await call(target, [...many, recording]), 400);
      assert.equal(await call(target, [recording, recording]), 400);
      assert.equal(await call(target, [model]), 400);
      assert.equal(await call(target, [field('file', '/etc/passwd'), model]), 400);
      assert.equal(await call(target, [model, file('media', 'RIFF')]), 400);
      assert.equal(await call(target, [recording, field('language', '__proto__')]), 400);
      assert.equal(await call(target, [recording, field('response_format', 'constructor')]), 400);
      assert.equal(await call(target, [recording, field('model', '../../etc')]), 400);
      assert.equal(await call(target, [recording, field('model', '__proto__')]), 404);
      const whole = callOf(target, [...parts, field('stream', 'true')]);
      const places = 10 * target.effort;
      for (let place = 1; place <= places; place += 1) {
        const cut = whole.slice(0, Math.ceil((whole.length * place) / places));
        await sayRaw(target, cut, { leaveAfterMs: place % 50 });
      }
    },
    async twin(target) {
      const names = ['__proto__', 'constructor', 'toString', 'user'].map((name) => field(name, 'x'));
      assert.equal(await call(target, [...names, ...parts.toReversed(), field('keywords[]', 'Phonograph')]), 200);
    },
  },
];
