import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { newCaller } from '#src/testing/caller.ts';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { holding, openRecordingServer, type RecordingServer, serving, telling } from '#src/testing/recording-server.ts';
import { ask, openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const recording = Buffer.alloc(20_000, 'RIFF');

const openServer = (server: Parameters<typeof openTestServer>[0] = {}) =>
  openTestServer({ ...server, server: { urlAllowedCidrs: ['127.0.0.1/32'], ...server.server } });

/** An address with everything in it that nobody may be told. */
const secretUrl = ({ port }: RecordingServer, path = '/talks/M%C3%BCller.wav') =>
  `http://alice:pa55word@127.0.0.1:${port}${path}?signature=secret#secret`;
const secrets = /alice|pa55word|signature|secret/u;

const mutation = `mutation ($input: TranscribeInput!) { transcribe(input: $input) {
  __typename ... on TranscribeSuccess { job { id } } ... on MediaRejectedError { reason } ... on InvalidInputError { field } ... on Error { message hint }
} }`;

async function refusalOf(server: TestServer, url: string) {
  const { data } = await server.ask(mutation, { input: { media: { url } } });
  const { __typename, reason, field, ...told } = data.transcribe;
  assert.doesNotMatch(JSON.stringify(told), secrets, url);
  return reason ?? field ?? __typename;
}

const fields =
  'status queuePosition progress { stage fraction } media { name bytes sha256 url } failure { code message hint retryable } startedAt';

async function tell(server: TestServer, id: string) {
  return (await server.ask(`{ job(id: "${id}") { ${fields} } }`)).data.job;
}

const loopback =
  '127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.1. %31%32%37.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 ' +
  '[::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::]';
const others =
  '0.0.0.0 10.0.0.1 172.16.5.4 192.168.0.1 169.254.169.254 100.64.0.1 255.255.255.255 224.0.0.1 [fe80::1] [fd00::1] [fec0::1] [::] [ff02::1]';

test('an address of a private network is refused at once, however it is written, and what is no address of the web', async () => {
  await using server = await openTestServer();
  for (const host of `${loopback} ${others}`.split(' '))
    assert.equal(
      await refusalOf(server, `http://alice:pa55word@${host}:4000/secret.wav?signature`),
      'URL_REFUSED',
      host,
    );
  const wrong = [
    '',
    'secret',
    '/secret.wav',
    'ftp://alice:pa55word@example.org/',
    'file:///secret',
    'http://',
    'http://a b/',
  ];
  for (const url of [...wrong, 'data:audio/wav,secret', `https://example.org/${'secret'.repeat(2000)}`])
    assert.equal(await refusalOf(server, url), 'input.media.url', url.slice(0, 50));
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 0);
  assert.doesNotMatch(JSON.stringify(server.logs), /pa55word|signature/u);
});

test('a name that leads to a private network is found out at the connection', async () => {
  await using inside = await openRecordingServer(serving(recording));
  await using server = await openTestServer();
  const id = await submit(server, { media: { url: `http://localhost:${inside.port}/a.wav` } });
  await eventsOf(server.url, id);
  const { status, failure } = await tell(server, id);
  assert.deepEqual([status, failure.code, failure.retryable], ['FAILED', 'DOWNLOAD_FAILED', false]);
  assert.match(failure.message, /leads to localhost, which is within a private network/u);
  assert.equal(inside.connections, 0);
});

test('a recording is fetched before its job has a place in the queue, without a slot, and is one like an upload then', async () => {
  const held = holding(recording, 5000);
  await using source = await openRecordingServer(held.answer);
  await using server = await openServer();
  await server.ask('mutation { setConfig(input: { numJobs: 1 }) { __typename } }');
  const id = await submit(server, { media: { url: secretUrl(source) }, priority: 5 });
  await untilEvent(server.url, id, ({ progress }) => progress?.fraction === 0.25);
  const { media, ...coming } = await tell(server, id);
  assert.deepEqual(coming, {
    status: 'QUEUED',
    queuePosition: null,
    progress: { stage: 'DOWNLOADING', fraction: 0.25 },
    failure: null,
    startedAt: null,
  });
  assert.deepEqual(media, { name: 'Müller.wav', bytes: null, sha256: null, url: null });
  await eventsOf(server.url, await submit(server));
  held.release();
  const events = await eventsOf(server.url, id);
  const stages = events.flatMap(({ progress, status }) => progress?.stage ?? status ?? []);
  const changes = stages.filter((stage, at) => stage !== stages[at - 1]);
  assert.deepEqual(changes.slice(0, 4), ['QUEUED', 'DOWNLOADING', 'QUEUED', 'WORKING']);
  const { status, media: there } = await tell(server, id);
  assert.deepEqual([status, there.name, there.bytes, there.sha256?.length], ['COMPLETED', 'Müller.wav', 20_000, 64]);
  const played = await fetch(`${server.url}${there.url}`);
  assert.deepEqual(Buffer.from(await played.arrayBuffer()), recording);
  assert.deepEqual(await readdir(join(server.data, 'downloads')), []);
  await server.ask(`mutation { deleteJob(id: "${id}") { __typename } }`);
  assert.deepEqual(await readdir(join(server.data, 'media')), []);
});

test('user, password and query are in no answer, no log and no file once the recording is there', async () => {
  await using source = await openRecordingServer(telling(403, 'secret'));
  await using server = await openServer();
  const id = await submit(server, { media: { url: secretUrl(source) }, idempotencyKey: 'once' });
  const events = [...(await eventsOf(server.url, id))];
  const all = await server.ask(
    `{ job(id: "${id}") { ${fields} options { model } logs { edges { node { message fields } } } } logs { edges { node { message fields } } } }`,
  );
  assert.equal(all.errors, undefined);
  source.answer = serving(recording, { headers: { 'content-disposition': 'inline; filename="b.wav"' } });
  await server.ask(`mutation { retry(id: "${id}") { __typename } }`);
  events.push(...(await eventsOf(server.url, id)));
  const { media } = await tell(server, id);
  assert.equal(media.name, 'b.wav');
  const listed = await server.ask('{ jobs(filter: { mediaNameContains: "b.wav" }) { totalCount } }');
  assert.equal(listed.data.jobs.totalCount, 1);
  assert.doesNotMatch(JSON.stringify([events, all, server.logs]), secrets);
  for (const name of await readdir(join(server.data, 'logs')))
    assert.doesNotMatch(await readFile(join(server.data, 'logs', name), 'utf8'), secrets);
});

test('what the other side says ends the job, and a retry fetches it again', async () => {
  await using source = await openRecordingServer(telling(404, '<html>secret</html>'));
  await using server = await openServer();
  const id = await submit(server, { media: { url: secretUrl(source) } });
  await eventsOf(server.url, id);
  const { status, failure, progress } = await tell(server, id);
  assert.deepEqual(
    [status, progress.stage, failure.code, failure.retryable],
    ['FAILED', 'DONE', 'DOWNLOAD_FAILED', false],
  );
  assert.equal(failure.message, 'The server of the recording answered with 404.');
  source.answer = telling(200, '', { 'content-length': '5000000000000' });
  const retry = `mutation { retry(id: "${id}") { __typename } }`;
  assert.equal((await server.ask(retry)).data.retry.__typename, 'RetrySuccess');
  await eventsOf(server.url, id);
  assert.equal((await tell(server, id)).failure.code, 'MEDIA_TOO_LARGE');
  source.answer = telling(200);
  await server.ask(retry);
  await eventsOf(server.url, id);
  assert.equal((await tell(server, id)).failure.code, 'MEDIA_EMPTY');
  source.answer = serving(recording);
  await server.ask(retry);
  await eventsOf(server.url, id);
  assert.equal((await tell(server, id)).status, 'COMPLETED');
});

test('a cancel, and a deletion, end a download at once and leave nothing of it', async () => {
  const held = holding(recording, 5000);
  await using source = await openRecordingServer(held.answer);
  await using server = await openServer();
  for (const act of ['cancel', 'deleteJob']) {
    const id = await submit(server, { media: { url: secretUrl(source) } });
    await untilEvent(server.url, id, ({ progress }) => progress?.fraction === 0.25);
    assert.equal((await readdir(join(server.data, 'downloads'))).length, 1);
    const gone = untilLogged(server, 'download cancelled', id);
    await server.ask(`mutation { ${act}(id: "${id}") { __typename } }`);
    await gone;
    assert.deepEqual(await readdir(join(server.data, 'downloads')), []);
    if (act === 'deleteJob') continue;
    assert.equal((await tell(server, id)).status, 'CANCELLED');
    await server.ask(`mutation { retry(id: "${id}") { __typename } }`);
    await untilEvent(server.url, id, ({ seq, progress }) => seq > 4 && progress?.fraction === 0.25);
    await server.ask(`mutation { deleteJob(id: "${id}") { __typename } }`);
  }
});

async function untilLogged(server: TestServer, event: string, job: string): Promise<void> {
  while (!server.logs.some((line) => line['event'] === event && line['job'] === job))
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test('the same key is the same job, and is fetched once; its bytes stand for those of an upload afterwards', async () => {
  await using source = await openRecordingServer(serving(recording));
  await using server = await openServer();
  const input = { media: { url: secretUrl(source) }, idempotencyKey: 'once', reuse: true };
  const id = await submit(server, input);
  await eventsOf(server.url, id);
  assert.equal(await submit(server, input), id);
  assert.equal(source.requests.length, 1);
  assert.notEqual(await submit(server, { ...input, idempotencyKey: 'twice' }), id);
});

test('one recording of a caller is fetched at a time, and as many in all as the settings say', async () => {
  const held = holding(recording, 5000);
  await using source = await openRecordingServer(held.answer);
  const callers = ['a', 'b', 'c'].map((name) => newCaller(name, 'USER'));
  await using server = await openServer({ server: { apiKeys: callers.map(({ key }) => key), maxDownloads: 2 } });
  const ids: string[] = [];
  for (const { headers } of callers) {
    for (let each = 0; each < 3; each += 1) {
      const variables = { input: { media: { url: secretUrl(source) } } };
      const { data } = await ask(server.url, JSON.stringify({ query: mutation, variables }), headers);
      ids.push(data.transcribe.job.id);
    }
  }
  while (source.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  held.release();
  const started = () =>
    server.logs.filter(({ event }) => event === 'download started').map(({ job }) => ids.indexOf(String(job)));
  const finished = () => server.logs.filter(({ event }) => event === 'download finished');
  while (finished().length < 9) await new Promise((resolve) => setTimeout(resolve, 10));
  const order = started();
  assert.deepEqual(order.slice(0, 2), [0, 3]);
  // In turns: nobody's second comes before everybody's first.
  assert.deepEqual(order.slice(2, 3), [6]);
  assert.deepEqual(new Set(order.slice(3, 6)), new Set([1, 4, 7]));
  let open = 0;
  for (const { event } of server.logs) {
    if (event === 'download started') open += 1;
    if (event === 'download finished') open -= 1;
    assert.ok(open <= 2);
  }
});
