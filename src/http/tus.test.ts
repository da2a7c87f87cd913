import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { newCaller } from '#src/testing/caller.ts';
import { roleTable } from '#src/testing/role-table.ts';
import { ask, openTestServer, type TestServer, type TestServerOptions } from '#src/testing/server.ts';
import { roles } from '../config/api-key.ts';

const [alice, bob] = [newCaller('alice', 'USER'), newCaller('bob', 'USER')];

type Headers = Readonly<Record<string, string>>;

const tus = { 'tus-resumable': '1.0.0' };
const octets = { 'content-type': 'application/offset+octet-stream' };

function openServer(server: TestServerOptions['server'] = {}): Promise<TestServer> {
  return openTestServer({ server: { apiKeys: [alice.key, bob.key], ...server } });
}

/** Whose request it is, and what is sent with it. */
interface Sent {
  readonly headers?: Headers;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly as?: Headers;
}

/** A request of the protocol about an upload, or about all. */
async function send(
  server: TestServer,
  method: string,
  path = '',
  { headers = {}, body, as = alice.headers }: Sent = {},
) {
  const url = `${server.url}${path || '/uploads'}`;
  const response = await fetch(url, {
    method,
    headers: { ...tus, ...as, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const error = text === '' ? undefined : JSON.parse(text).errors[0];
  return { status: response.status, headers: response.headers, code: error?.extensions.code, message: error?.message };
}

/** Begins an upload; its address. */
async function begin(server: TestServer, bytes: number, sent: Sent = {}): Promise<string> {
  const { status, headers } = await send(server, 'POST', '', {
    ...sent,
    headers: { 'upload-length': String(bytes), ...sent.headers },
  });
  assert.equal(status, 201);
  return headers.get('location') ?? '';
}

function go(server: TestServer, path: string, offset: number, body: NonNullable<Sent['body']>) {
  return send(server, 'PATCH', path, {
    headers: { ...octets, 'upload-offset': String(offset) },
    body,
  });
}

/** Begins to send by hand, as if all of an upload were to come. */
async function sendSome(server: TestServer, path: string, bytes: number, some: string) {
  const { hostname, port, host } = new URL(server.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  await once(socket, 'connect');
  const head = {
    Host: host,
    ...tus,
    ...octets,
    ...alice.headers,
    'Upload-Offset': '0',
    'Content-Length': String(bytes),
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`PATCH ${path} HTTP/1.1\r\n${lines.join('')}\r\n${some}`);
  return socket;
}

async function offsetOf(server: TestServer, path: string): Promise<string | null> {
  return (await send(server, 'HEAD', path)).headers.get('upload-offset');
}

const query = `mutation ($id: ID!, $reuse: Boolean) {
  transcribe(input: { media: { uploadId: $id }, reuse: $reuse }) {
    __typename
    ... on TranscribeSuccess { existing job { id status media { name bytes sha256 } } }
    ... on MediaRejectedError { reason }
    ... on Error { code message hint }
  }
}`;

async function transcribe(server: TestServer, path: string, { as = alice.headers, reuse = false } = {}) {
  const id = path.split('/').at(-1);
  const { data } = await ask(server.url, JSON.stringify({ query, variables: { id, reuse } }), as);
  return data.transcribe;
}

const metadata = (values: Headers): Headers => ({
  'upload-metadata': Object.entries(values)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(','),
});

test('an upload goes on where it was, becomes a job when it is whole, and several jobs have a file of their own', async () => {
  await using server = await openServer();
  const bytes = new Uint8Array(await readFile(join(server.media, 'speech.wav')));
  const path = await begin(server, bytes.length, {
    headers: metadata({ filename: '../../etc/täl\u0007k.flac', filetype: 'audio/flac' }),
  });
  assert.match(path, /^\/uploads\/[\w-]{21}$/u);
  const { headers: gone } = await go(server, path, 0, bytes.slice(0, 1000));
  assert.equal(gone.get('upload-offset'), '1000');
  const hoursLeft = (Date.parse(gone.get('upload-expires') ?? '') - Date.now()) / 3_600_000;
  assert.ok(hoursLeft > 23 && hoursLeft <= 24, `${hoursLeft} hours`);
  const unfinished = await transcribe(server, path);
  assert.deepEqual(
    [unfinished.reason, unfinished.message],
    ['UPLOAD_UNFINISHED', `The upload has 1000 of its ${bytes.length} bytes.`],
  );
  const head = await send(server, 'HEAD', path);
  const told = ['upload-offset', 'upload-length', 'upload-metadata'].map((name) => head.headers.get(name));
  assert.deepEqual(told, [
    '1000',
    String(bytes.length),
    metadata({ filename: 'tälk.flac', filetype: 'audio/flac' })['upload-metadata'],
  ]);
  assert.equal((await go(server, path, 1000, bytes.slice(1000))).status, 204);
  const [one, other] = [await transcribe(server, path), await transcribe(server, path)];
  assert.deepEqual([one.job.media.name, one.job.media.bytes], ['tälk.flac', bytes.length]);
  assert.notEqual(one.job.id, other.job.id);
  const files = await readdir(join(server.data, 'media'));
  assert.equal(files.length, 2);
  assert.equal((await send(server, 'DELETE', path)).status, 204);
  assert.deepEqual(
    await readFile(join(server.data, 'media', files[0] ?? '')),
    Buffer.from(bytes),
    'a job keeps its own',
  );
  assert.equal((await transcribe(server, path)).reason, 'UPLOAD_UNKNOWN');
  assert.equal((await send(server, 'HEAD', path)).status, 404);
});

test('an upload in one request, its end known at once; the same bytes again are the same job where that is wanted', async () => {
  await using server = await openServer();
  const bytes = new Uint8Array(await readFile(join(server.media, 'speech.wav')));
  const path = await begin(server, bytes.length, { headers: octets, body: bytes });
  assert.equal(await offsetOf(server, path), String(bytes.length));
  const first = await transcribe(server, path);
  while (
    (await ask(server.url, JSON.stringify({ query: `{ job(id: "${first.job.id}") { status } }` }), alice.headers)).data
      .job.status !== 'COMPLETED'
  );
  const again = await transcribe(server, path, { reuse: true });
  assert.deepEqual([again.existing, again.job.id], [true, first.job.id]);
  assert.equal((await readdir(join(server.data, 'media'))).length, 1);
});

test("what is another caller's is not there", async () => {
  await using server = await openServer();
  const path = await begin(server, 4, { headers: octets, body: 'RIFF' });
  const unknown = path.replace(/.{4}$/u, 'none');
  for (const method of ['HEAD', 'DELETE']) {
    const [his, none] = [
      await send(server, method, path, { as: bob.headers }),
      await send(server, method, unknown, { as: bob.headers }),
    ];
    assert.deepEqual([his.status, his.message], [none.status, none.message]);
    assert.equal(his.status, 404);
  }
  assert.equal(
    (await send(server, 'PATCH', path, { headers: { ...octets, 'upload-offset': '4' }, as: bob.headers })).status,
    404,
  );
  const [his, none] = [
    await transcribe(server, path, { as: bob.headers }),
    await transcribe(server, unknown, { as: bob.headers }),
  ];
  assert.deepEqual(his, none);
  assert.equal(his.reason, 'UPLOAD_UNKNOWN');
  assert.equal(await offsetOf(server, path), '4');
});

test('what is not in the protocol, or not offered of it, is refused and changes nothing', async () => {
  await using server = await openServer({ maxUploadBytes: 1000 });
  const path = await begin(server, 10);
  const cases: readonly (readonly [number, string, string, Sent])[] = [
    [412, 'POST', '', { headers: { 'tus-resumable': '0.2.2', 'upload-length': '1' } }],
    [400, 'POST', '', {}],
    [400, 'POST', '', { headers: { 'upload-length': '-1' } }],
    [400, 'POST', '', { headers: { 'upload-length': '1.5' } }],
    [413, 'POST', '', { headers: { 'upload-length': '1001' } }],
    [501, 'POST', '', { headers: { 'upload-defer-length': '1' } }],
    [501, 'POST', '', { headers: { 'upload-length': '1', 'upload-concat': 'partial' } }],
    [400, 'POST', '', { headers: { 'upload-length': '1', 'upload-metadata': 'filename !' } }],
    [403, 'PATCH', path, { headers: octets, body: 'x' }],
    [400, 'PATCH', path, { headers: { 'upload-offset': '0', 'content-type': 'audio/flac' }, body: 'x' }],
    [409, 'PATCH', path, { headers: { ...octets, 'upload-offset': '5' }, body: 'x' }],
    [413, 'PATCH', path, { headers: { ...octets, 'upload-offset': '0' }, body: 'x'.repeat(11) }],
    [404, 'PATCH', '/uploads/..%2f..%2fphonograph.db', { headers: { ...octets, 'upload-offset': '0' }, body: 'x' }],
    [404, 'HEAD', '/uploads/phonograph.db', {}],
    [405, 'GET', path, {}],
    [405, 'PUT', path, { body: 'x' }],
  ];
  for (const [status, method, to, sent] of cases) {
    const answer = await send(server, method, to, sent);
    assert.equal(answer.status, status, `${method} ${to} ${JSON.stringify(sent)}: ${answer.status} ${answer.message}`);
    if (method !== 'HEAD') assert.equal(typeof answer.code, 'string');
    if (status === 412) assert.equal(answer.headers.get('tus-version'), '1.0.0');
  }
  assert.equal(await offsetOf(server, path), '0');
});

test('a browser is told what it may send, and which pages may', async () => {
  await using server = await openServer({ allowedOrigins: ['https://app.example'], maxUploadBytes: 1234 });
  const options = async (origin: string) => {
    const { status, headers } = await fetch(`${server.url}/uploads`, { method: 'OPTIONS', headers: { origin } });
    return { status, headers };
  };
  const { status, headers } = await options('https://app.example');
  assert.equal(status, 204);
  assert.equal(headers.get('access-control-allow-origin'), 'https://app.example');
  assert.match(headers.get('access-control-allow-headers') ?? '', /authorization/u);
  assert.match(headers.get('access-control-expose-headers') ?? '', /location.*upload-expires.*upload-offset/u);
  assert.equal(headers.get('tus-extension'), 'creation,creation-with-upload,termination,expiration');
  assert.deepEqual([headers.get('tus-version'), headers.get('tus-max-size')], ['1.0.0', '1234']);
  assert.equal((await options('https://evil.example')).status, 403);
  const evil = { origin: 'https://evil.example', 'upload-length': '1' };
  assert.equal((await send(server, 'POST', '', { headers: evil })).status, 403);
  const simple = await fetch(`${server.url}/uploads`, {
    method: 'POST',
    headers: { ...alice.headers, 'upload-length': '1' },
  });
  assert.equal(simple.status, 412, 'a form sends no Tus-Resumable');
});

test('an address is found where a proxy has the server', async () => {
  await using server = await openServer({ publicUrl: 'https://example.org/speech' });
  assert.match(await begin(server, 1), /^\/speech\/uploads\/[\w-]{21}$/u);
});

test('each role may upload as the table of roles has it, and nobody without a key', async () => {
  const callers = roles.map((role) => newCaller(role.toLowerCase(), role));
  await using server = await openTestServer({ server: { apiKeys: callers.map(({ key }) => key) } });
  for (const [at, role] of roles.entries()) {
    const { status } = await send(server, 'POST', '', {
      headers: { 'upload-length': '1' },
      as: callers[at]?.headers ?? {},
    });
    assert.equal(status, roleTable['/uploads']?.[role] === 'no' ? 403 : 201, role);
  }
  assert.equal((await send(server, 'POST', '', { headers: { 'upload-length': '1' }, as: {} })).status, 401);
});

test('a caller has so many unfinished uploads and so many bytes of them, also of those begun at once', async () => {
  await using server = await openServer({ maxUnfinishedUploadsPerCaller: 20, maxUploadBytes: 1000 });
  const statuses = await Promise.all(
    Array.from(
      { length: 60 },
      async () => (await send(server, 'POST', '', { headers: { 'upload-length': '10' } })).status,
    ),
  );
  assert.equal(statuses.filter((status) => status === 201).length, 20);
  assert.ok(statuses.every((status) => status === 201 || status === 429));
  const large = () => send(server, 'POST', '', { headers: { 'upload-length': '1000' }, as: bob.headers });
  for (let at = 0; at < 16; at += 1) assert.equal((await large()).status, 201);
  const refused = await large();
  const told = [refused.status, refused.code, refused.headers.get('retry-after')];
  assert.deepEqual(told, [429, 'TOO_MANY_REQUESTS', '60']);
});

test('an upload without bytes is refused when a job wants it, and a name that is missing is made up', async () => {
  await using server = await openServer();
  assert.equal((await transcribe(server, await begin(server, 0))).reason, 'EMPTY');
  const path = await begin(server, 1, { headers: octets, body: 'x' });
  assert.equal((await transcribe(server, path)).job.media.name, 'upload');
});

test('what came before a line broke is kept, and the upload is free at once', async () => {
  await using server = await openServer();
  const path = await begin(server, 1_000_000);
  const socket = await sendSome(server, path, 1000000, 'x'.repeat(300_000));
  const [owner = ''] = await readdir(join(server.data, 'resumable'));
  const file = join(server.data, 'resumable', owner, path.split('/').at(-1) ?? '');
  while ((await stat(file)).size < 300_000) await new Promise(setImmediate);
  socket.destroy();
  assert.equal(await offsetOf(server, path), '300000');
  assert.equal((await go(server, path, 300_000, 'x'.repeat(700_000))).status, 204);
});

test('a body that stops is answered so that a client goes on, and what came of it is kept', async () => {
  await using server = await openServer({ bodyIdleSeconds: 0.2 });
  const path = await begin(server, 1000);
  const socket = await sendSome(server, path, 1000, 'x'.repeat(300));
  assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 503 /u);
  assert.equal(await offsetOf(server, path), '300');
});

test('who still sends is cut off when somebody else asks, and nothing of the two is mixed', async () => {
  await using server = await openServer();
  const path = await begin(server, 200_000);
  const socket = await sendSome(server, path, 200000, 'a'.repeat(50_000));
  const answered = once(socket, 'data');
  while ((await offsetOf(server, path)) !== '50000');
  assert.match(String(await answered), /^HTTP\/1\.1 204 [\s\S]*upload-offset: 50000/iu);
  const [one, other] = await Promise.all([
    go(server, path, 50_000, 'b'.repeat(150_000)),
    go(server, path, 50_000, 'c'.repeat(150_000)),
  ]);
  assert.deepEqual(new Set([one.status, other.status]), new Set([204, 409]));
  const { job } = await transcribe(server, path);
  assert.equal(job.media.bytes, 200_000);
  const [kept = ''] = await readdir(join(server.data, 'media'));
  const text = await readFile(join(server.data, 'media', kept), 'latin1');
  assert.match(text, /^a{50000}(?:b{150000}|c{150000})$/u);
  socket.destroy();
});

test('a full disk is told so that a client tries again, and goes on when there is room', async () => {
  await using server = await openServer({ minFreeBytes: Number.MAX_SAFE_INTEGER / 2 });
  const { status, code } = await send(server, 'POST', '', { headers: { 'upload-length': '10' } });
  assert.deepEqual([status, code], [503, 'SERVICE_UNAVAILABLE']);
  assert.deepEqual(await readdir(join(server.data, 'resumable'), { recursive: true }), []);
});
