import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { newCaller } from '../caller.ts';
import { ask, openTestServer } from '../server.ts';
import { type Attack, openRaw, operate, rawRequest, sayRaw, statusOf, type Target } from './target.ts';

type Headers = Readonly<Record<string, string>>;

const tus = { 'Tus-Resumable': '1.0.0' };
const octets = { ...tus, 'Content-Type': 'application/offset+octet-stream' };

/** What is answered to a method and a path, such as HEAD /uploads/ID. */
async function say(target: Target, what: string, headers: Headers, body = ''): Promise<string> {
  const [method = '', path = ''] = what.split(' ');
  return sayRaw(target, rawRequest(target, { method, path, headers: { ...tus, ...headers }, body }), {
    patienceMs: 10_000,
  });
}

async function begin(target: Target, bytes: number, headers: Headers = {}): Promise<string> {
  const answer = await say(target, 'POST /uploads', { 'Upload-Length': String(bytes), ...headers });
  return /^location: (?<path>\S+)/imu.exec(answer)?.groups?.['path'] ?? `none: ${answer.slice(0, 200)}`;
}

const go = (target: Target, path: string, offset: number | string, body: string) =>
  say(target, `PATCH ${path}`, { ...octets, 'Upload-Offset': String(offset) }, body);

async function offsetOf(target: Target, path: string): Promise<number> {
  return Number(
    /^upload-offset: (?<offset>\d+)/imu.exec(await say(target, `HEAD ${path}`, {}))?.groups?.['offset'] ?? -1,
  );
}

const end = async (target: Target, path: string) => statusOf(await say(target, `DELETE ${path}`, {}));

const transcribe =
  'mutation ($id: ID!) { transcribe(input: { media: { uploadId: $id } }) { __typename ... on MediaRejectedError { reason } ... on Error { code } } }';

/** Sends an upload whole, submits it, and takes it away again. */
async function sendWhole(target: Target): Promise<void> {
  const path = await begin(target, 4, {
    'Upload-Metadata': `filename ${Buffer.from('Gespräch.wav').toString('base64')}`,
  });
  assert.equal(statusOf(await go(target, path, 0, 'RI')), 204);
  assert.equal(statusOf(await go(target, path, 2, 'FF')), 204);
  const { data } = await operate(target, transcribe, { id: path.split('/').at(-1) });
  assert.equal(data.transcribe.__typename, 'TranscribeSuccess');
  assert.equal(await end(target, path), 204);
}

/** What is done through resumable uploads. */
export const byTus: readonly Attack[] = [
  {
    name: 'ten thousand resumable uploads that are begun and never sent',
    defence: 'a hundred unfinished ones of a caller, sixteen of the largest size together (src/media/upload-files.ts)',
    async attack(target) {
      const begun: string[] = [];
      let refused = 0;
      const count = target.effort === 1 ? 200 : 2000 * target.effort;
      for (let round = 0; round < 10; round += 1) {
        const answers = await Promise.all(
          Array.from({ length: count / 10 }, async () => {
            const headers = { ...tus, 'Upload-Length': '1000' };
            const { status, headers: told } = await fetch(`${target.url}/uploads`, { method: 'POST', headers });
            return { status, path: told.get('location') };
          }),
        );
        for (const { status, path } of answers) {
          if (path !== null) begun.push(path);
          else refused += Number(status === 429);
        }
      }
      assert.deepEqual([begun.length, refused], [100, count - 100]);
      for (const path of begun) assert.equal(await end(target, path), 204);
    },
    twin: sendWhole,
  },
  {
    name: 'resumable uploads with metadata of any size and kind',
    defence: 'the name and the type are kept, shortened, and nothing else (src/http/tus.ts)',
    async attack(target) {
      const base64 = (text: string) => Buffer.from(text).toString('base64');
      assert.equal(
        statusOf(
          await say(target, 'POST /uploads', {
            'Upload-Length': '1',
            'Upload-Metadata': `filename ${'A'.repeat(900_000)}`,
          }),
        ),
        431,
      );
      const kept = async (metadata: string) => {
        const path = await begin(target, 1, { 'Upload-Metadata': metadata });
        const head = await say(target, `HEAD ${path}`, {});
        assert.equal(await end(target, path), 204);
        return /^upload-metadata: (?<metadata>.*)\r$/imu.exec(head)?.groups?.['metadata'] ?? '';
      };
      assert.ok((await kept(`filename ${base64('x'.repeat(8000))},filetype ${base64('y'.repeat(3000))}`)).length < 800);
      assert.equal(await kept(Array.from({ length: 1000 }, (_, at) => `key${at} ${base64('x')}`).join(',')), '');
      assert.equal(
        await kept(`owner ${base64('root')},filename ${base64('a\r\nSet-Cookie: x=1\0.wav')}`),
        `filename ${base64('aSet-Cookie: x=1.wav')}`,
      );
      for (const wrong of [
        'filename',
        'filename !',
        ',',
        ' ',
        `filename ${base64('a')},filename ${base64('b')}`,
        `__proto__ ${base64('x')}`,
      ]) {
        const answer = await say(target, 'POST /uploads', { 'Upload-Length': '1', 'Upload-Metadata': wrong });
        assert.ok([201, 400].includes(statusOf(answer)), `${wrong}: ${answer.slice(0, 100)}`);
        const path = /^location: (?<path>\S+)/imu.exec(answer)?.groups?.['path'];
        if (path !== undefined) assert.equal(await end(target, path), 204);
      }
    },
    twin: sendWhole,
  },
  {
    name: 'resumable uploads with offsets and lengths that are not so',
    defence:
      'the size of the file is the offset, and the length that was promised is the most (src/media/upload-files.ts)',
    async attack(target) {
      const path = await begin(target, 100);
      assert.equal(statusOf(await go(target, path, 0, 'x'.repeat(10))), 204);
      for (const offset of [
        '0',
        '9',
        '11',
        '100',
        '-1',
        '1e1',
        '0x0a',
        '10.0',
        ' ',
        '9007199254740993',
        'NaN',
        '10, 10',
      ]) {
        const status = statusOf(await go(target, path, offset, 'y'));
        assert.ok(status === 409 || status === 400, `${offset}: ${status}`);
      }
      assert.equal(statusOf(await go(target, path, 10, 'y'.repeat(91))), 413);
      for (const length of ['-1', '1e3', '0x10', '99999999999999999999', '200000001', '1, 2', '']) {
        const answer = await say(target, 'POST /uploads', { 'Upload-Length': length });
        assert.ok([400, 413].includes(statusOf(answer)), `${length}: ${answer.slice(0, 60)}`);
      }
      assert.equal(await offsetOf(target, path), 10);
      // More than was promised, of no length that is told.
      const endless = rawRequest(target, {
        method: 'PATCH',
        path,
        headers: { ...octets, 'Upload-Offset': '10', 'Transfer-Encoding': 'chunked' },
      });
      const chunk = `10000\r\n${'z'.repeat(65_536)}\r\n`;
      const answer = await sayRaw(
        target,
        `${endless.replace(/Content-Length: 0\r\n/u, '')}${chunk.repeat(20)}0\r\n\r\n`,
        { patienceMs: 10_000 },
      );
      assert.equal(statusOf(answer), 413);
      assert.ok((await offsetOf(target, path)) <= 100);
      assert.equal(await end(target, path), 204);
    },
    twin: sendWhole,
  },
  {
    name: 'resumable uploads under ids that lead elsewhere',
    defence: 'an id is 21 letters, and below a folder of its caller (src/http/tus.ts, src/media/resumable-uploads.ts)',
    async attack(target) {
      const ids = [
        '..',
        '.',
        '../phonograph.db',
        '%2e%2e%2fphonograph.db',
        '..%5c..%5cphonograph.db',
        'x.json',
        '%00',
        `${'a'.repeat(20)}%2f`,
        'a'.repeat(10_000),
        '__proto__',
        '',
        `${'x'.repeat(21)}.json`,
        `${'x'.repeat(21)}/..`,
      ];
      for (const id of ids) {
        for (const method of ['HEAD', 'PATCH', 'DELETE', 'GET']) {
          const answer = await say(target, `${method} /uploads/${id}`, { ...octets, 'Upload-Offset': '0' });
          assert.ok([404, 405, 400].includes(statusOf(answer)), `${method} ${id.slice(0, 60)}: ${answer.slice(0, 60)}`);
        }
        const { data, errors } = await operate(target, transcribe, { id });
        assert.ok(errors !== undefined || data.transcribe.reason === 'UPLOAD_UNKNOWN', id.slice(0, 60));
      }
    },
    twin: sendWhole,
  },
  {
    name: 'two hundred requests for one resumable upload, whose bodies hardly move or break off',
    defence:
      'who asks next has it after a second, and waiting costs nothing (src/media/upload-lock.ts, src/http/tus.ts)',
    async attack(target) {
      const path = await begin(target, 1_000_000);
      const head = rawRequest(target, {
        method: 'PATCH',
        path,
        headers: { ...octets, 'Upload-Offset': '0', 'Content-Length': '1000000' },
      }).replace(/Content-Length: 0\r\n/u, '');
      const sockets = await Promise.all(Array.from({ length: 200 }, () => openRaw(target)));
      for (const socket of sockets) socket.write(`${head}x`);
      for (let at = 0; at < 20; at += 1) {
        for (const socket of sockets) if (!socket.destroyed) socket.write('x');
        await operate(target, '{ server { id } }');
        await sleep(10);
      }
      for (const socket of sockets) socket.resetAndDestroy();
      const offset = await offsetOf(target, path);
      assert.ok(offset > 0 && offset < 1000, `${offset}`);
      assert.equal(await end(target, path), 204);
    },
    twin: sendWhole,
  },
  {
    name: 'resumable uploads of another, by every method and as a recording',
    defence: 'under the folder of its owner alone there is such an id (src/media/resumable-uploads.ts)',
    async attack() {
      const [alice, bob, root] = [newCaller('alice', 'USER'), newCaller('bob', 'USER'), newCaller('root')];
      await using server = await openTestServer({ server: { apiKeys: [alice, bob, root].map(({ key }) => key) } });
      const as = ({ headers }: typeof alice) => ({ ...octets, ...headers, 'Upload-Offset': '0' });
      const begun = await fetch(`${server.url}/uploads`, {
        method: 'POST',
        headers: { ...as(alice), 'Upload-Length': '4' },
        body: 'RIFF',
      });
      const path = begun.headers.get('location') ?? '';
      for (const caller of [bob, root]) {
        for (const method of ['HEAD', 'PATCH', 'DELETE']) {
          const { status } = await fetch(`${server.url}${path}`, { method, headers: as(caller) });
          assert.equal(status, 404, method);
        }
        const body = JSON.stringify({ query: transcribe, variables: { id: path.split('/').at(-1) } });
        assert.equal((await ask(server.url, body, caller.headers)).data.transcribe.reason, 'UPLOAD_UNKNOWN');
      }
      const { headers } = await fetch(`${server.url}${path}`, { method: 'HEAD', headers: as(alice) });
      assert.equal(headers.get('upload-offset'), '4');
    },
    twin: sendWhole,
  },
];
