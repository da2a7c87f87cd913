import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestServer, type TestServer } from '#src/testing/server.ts';

const query = `mutation ($file: File!) {
  transcribe(input: { media: { upload: $file } }) {
    __typename
    ... on TranscribeSuccess { job { id media { name bytes sha256 } } }
    ... on MediaRejectedError { reason hint }
    ... on Error { code message }
  }
}`;

interface Sent {
  readonly operations?: unknown;
  readonly map?: unknown;
  readonly file?: Blob;
  readonly name?: string;
  readonly headers?: Record<string, string>;
}

/** Sends a multipart request whose parts are right unless they are given. */
async function send(server: TestServer, sent: Sent = {}) {
  const form = new FormData();
  form.set('operations', JSON.stringify(sent.operations ?? { query, variables: { file: null } }));
  form.set('map', JSON.stringify(sent.map ?? { 0: ['variables.file'] }));
  if (sent.file !== undefined) form.set('0', sent.file, sent.name ?? 'talk.flac');
  const headers = sent.headers ?? { 'apollo-require-preflight': 'true' };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: form });
  return { status: response.status, ...((await response.json()) as { data?: any; errors?: any }) };
}

async function stored(server: TestServer): Promise<readonly string[]> {
  const folders = await Promise.all(['uploads', 'media'].map((name) => readdir(join(server.data, name))));
  return folders.flat();
}

test('an upload becomes a job, and its bytes are kept as they are', async () => {
  await using server = await openTestServer();
  const bytes = await readFile(join(server.media, 'speech.wav'));
  const { data } = await send(server, { file: new Blob([bytes]), name: '../../etc/täl\u0007k.flac' });
  const { media } = data.transcribe.job;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(media, { name: 'tälk.flac', bytes: bytes.length, sha256 });
  const [kept = ''] = await readdir(join(server.data, 'media'));
  assert.deepEqual(await readFile(join(server.data, 'media', kept)), bytes);
});

test('a name is as it was before the browser encoded it, and a long one keeps its end', async () => {
  await using server = await openTestServer();
  const nameOf = async (name: string) =>
    (await send(server, { file: new Blob(['x']), name })).data.transcribe.job.media.name;
  assert.equal(await nameOf('say "yes"\r\n100%25 %20.flac'), 'say "yes"100%25 %20.flac');
  const long = await nameOf(`${'long '.repeat(100)}part 12.flac`);
  assert.match(long, /^long long .*\.\.\..*long part 12\.flac$/u);
  assert.ok(long.length <= 255);
});

test('an upload above the limit or without bytes is rejected with a reason and leaves nothing', async () => {
  await using server = await openTestServer({ server: { maxUploadBytes: 1000 } });
  const large = await send(server, { file: new Blob(['x'.repeat(300_000)]) });
  assert.equal(large.data.transcribe.reason, 'TOO_LARGE');
  const empty = await send(server, { file: new Blob([]) });
  assert.equal(empty.data.transcribe.reason, 'EMPTY');
  assert.deepEqual(await stored(server), []);
});

test('an upload that goes on and on above the limit is answered before its end, and leaves nothing', async () => {
  await using server = await openTestServer({ server: { maxUploadBytes: 1000 } });
  const { status, errors } = await send(server, { file: new Blob([Buffer.alloc(75_000_000)]) });
  assert.deepEqual([status, errors?.[0]?.extensions['code']], [413, 'PAYLOAD_TOO_LARGE']);
  assert.match(errors?.[0]?.message ?? '', /larger than 1000 bytes/u);
  assert.deepEqual(await stored(server), []);
});

test('a multipart request without the header that browsers ask for first is refused', async () => {
  await using server = await openTestServer();
  assert.equal((await send(server, { file: new Blob(['x']), headers: {} })).status, 403);
});

test('parts that do not fit together are a 400, and leave nothing', async () => {
  await using server = await openTestServer();
  const file = new Blob(['x']);
  for (const wrong of [
    { map: { 0: 5 } },
    { map: { 0: ['variables.other'] } },
    { map: { 0: ['__proto__.polluted'] } },
    { map: { 0: ['variables.__proto__'] } },
    { map: { 1: ['variables.file'] } },
    {
      map: { 0: ['variables.file', 'variables.other'] },
      operations: { query, variables: { file: null, other: null } },
    },
    { map: 'no map' },
    { operations: [{ query }] },
    { operations: { query: 5 } },
    { operations: { query, variables: { file: 'taken' } } },
  ]) {
    const { status, errors } = await send(server, { file, ...wrong });
    assert.equal(status, 400, JSON.stringify(wrong));
    assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
    assert.match(errors[0].message, /multipart|map/iu);
  }
  assert.equal((await send(server, {})).status, 400, 'no file');
  assert.deepEqual(await stored(server), []);
  assert.equal((await send(server, { file })).data.transcribe.__typename, 'TranscribeSuccess', 'the server goes on');
});

test('a file that no job keeps is removed with its request', async () => {
  await using server = await openTestServer();
  const unused = { query: 'query ($file: File) { server { id } }', variables: { file: null } };
  await send(server, { file: new Blob(['x']), operations: unused });
  const rejected = {
    query: query.replace('media: { upload: $file }', 'media: { upload: $file }, beamSize: 99'),
    variables: { file: null },
  };
  const { data } = await send(server, { file: new Blob(['x']), operations: rejected });
  assert.equal(data.transcribe.__typename, 'InvalidInputError');
  while ((await stored(server)).length > 0) await new Promise(setImmediate);
});

test('a File that is not a part of a multipart request is BAD_USER_INPUT', async () => {
  await using server = await openTestServer();
  const { errors } = await server.ask(query, { file: { path: '/etc/passwd' } });
  assert.equal(errors?.[0]?.extensions['code'], 'BAD_USER_INPUT');
});

test('an upload that breaks off leaves nothing, and the server goes on', async () => {
  await using server = await openTestServer();
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const part = (name: string, body: string, more = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${body}\r\n`;
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: multipart/form-data; boundary=b\r\nApollo-Require-Preflight: 1\r\nContent-Length: 1000000\r\n\r\n` +
      part('operations', JSON.stringify({ query, variables: { file: null } })) +
      part('map', '{"0":["variables.file"]}') +
      part('0', 'x'.repeat(100_000), '; filename="talk.flac"'),
  );
  while ((await stored(server)).length === 0) await new Promise(setImmediate);
  socket.destroy();
  while ((await stored(server)).length > 0) await new Promise(setImmediate);
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 0);
});

test('a recording whose sender leaves while it is being stored is not kept', async () => {
  await using server = await openTestServer();
  const { hostname, port, host } = new URL(server.url);
  const part = (name: string, more: string, value: string) =>
    `--x\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
  const operations = JSON.stringify({ query: 'query ($file: File) { viewer { name } }', variables: { file: null } });
  const body = `${part('operations', '', operations)}${part('map', '', '{"0":["variables.file"]}')}${part('0', '; filename="a.wav"', 'x'.repeat(300_000))}--x--\r\n`;
  const head = `POST /graphql HTTP/1.1\r\nHost: ${host}\r\napollo-require-preflight: 1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let round = 0; round < 40; round += 1) {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    await once(socket, 'connect');
    await new Promise((resolve) => {
      socket.write(head + body, resolve);
    });
    await sleep(round % 5);
    socket.resetAndDestroy();
  }
  // Storing the last of them may take a while on a busy machine; one that stayed would stay until the server's next start.
  for (let left = 200; left > 0 && (await stored(server)).length > 0; left -= 1) await sleep(50);
  assert.deepEqual(await stored(server), []);
});
