import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { added, claimed, newSegment, progressAt, quietly } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { newCaller } from '#src/testing/caller.ts';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { transcriptFormats } from '../jobs/transcript.ts';

async function done(server: TestServer, input: Record<string, unknown> = {}): Promise<string> {
  const id = await submit(server, input);
  await eventsOf(server.url, id);
  return id;
}

const get = (server: TestServer, path: string, init?: RequestInit) => fetch(`${server.url}/jobs/${path}`, init);

async function refusal(answer: Promise<Response>): Promise<readonly [number, string, string]> {
  const response = await answer;
  const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
  return [response.status, errors[0]?.extensions.code ?? '', errors[0]?.message ?? ''];
}

test('a transcript comes as a file in every format, as GraphQL says it', async () => {
  await using server = await openTestServer();
  const id = await done(server);
  for (const format of transcriptFormats) {
    const response = await get(server, `${id}/transcript.${format.toLowerCase()}`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^(?:text|application)\/[\w-]+; charset=utf-8$/u);
    const own = ['SRT', 'VTT', 'ASS', 'LRC'].includes(format) ? '.en' : '';
    assert.equal(
      response.headers.get('content-disposition'),
      `attachment; filename=speech${own}.${format.toLowerCase()}`,
    );
    assert.equal(response.headers.get('cache-control'), 'private, no-cache');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    const { data } = await server.ask(`{ job(id: "${id}") { transcript(format: ${format}) } }`);
    // A client's decoder takes the byte order mark of CSV away.
    assert.equal(await response.text(), data.job.transcript.replace(/^\uFEFF/u, ''));
    assert.ok(data.job.transcript.length > 10);
  }
});

test('the file has the name of the title, which cannot be a path, in any script', async () => {
  await using server = await openTestServer();
  const names = {
    'AC/DC: ../../live': 'attachment; filename="AC DC .. .. live.en.srt"',
    'Täl\u202Ek "1"': `attachment; filename="T?l k 1.en.srt"; filename*=UTF-8''T%C3%A4l%20k%201.en.srt`,
    講演: `attachment; filename="??.en.srt"; filename*=UTF-8''%E8%AC%9B%E6%BC%94.en.srt`,
  };
  for (const [title, disposition] of Object.entries(names)) {
    const response = await get(server, `${await done(server, { title })}/transcript.srt`, { method: 'HEAD' });
    assert.equal(response.headers.get('content-disposition'), disposition);
  }
  const long = await get(server, `${await done(server, { title: `${'long '.repeat(40)}part 12` })}/transcript.srt`, {
    method: 'HEAD',
  });
  assert.match(long.headers.get('content-disposition') ?? '', /"long long .*\.\.\..*long part 12\.en\.srt"$/u);
});

test('a page is sent so that nothing in it could run, and a table so that spreadsheets know its letters', async () => {
  await using server = await openTestServer();
  const id = await done(server);
  const page = await get(server, `${id}/transcript.html`);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/u);
  assert.match(page.headers.get('content-disposition') ?? '', /^attachment/u);
  const bytes = Buffer.from(await (await get(server, `${id}/transcript.csv`)).arrayBuffer());
  assert.equal(bytes.subarray(0, 3).toString('hex'), 'efbbbf');
});

test('paths begin with that of the public URL, which a proxy takes away', async () => {
  await using server = await openTestServer({ server: { publicUrl: 'https://example.org/speech' } });
  const id = await done(server);
  const { data } = await server.ask(`{ job(id: "${id}") { transcriptUrl(format: SRT) eventsUrl media { url } } }`);
  const { transcriptUrl, eventsUrl, media } = data.job;
  for (const url of [transcriptUrl, eventsUrl, media.url]) {
    assert.ok(url.startsWith(`/speech/jobs/${id}/`), url);
    assert.equal((await fetch(server.url + url.slice('/speech'.length), { method: 'HEAD' })).status, 200);
  }
});

test('options stand in the query, and a wrong one is told', async () => {
  await using server = await openTestServer();
  const id = await done(server);
  const srt = await (
    await get(
      server,
      `${id}/transcript.srt?maxLineWidth=8&maxLineCount=1&speakers=true&maxCharactersPerSecond=8.5&minCueSeconds=0.5&maxCueSeconds=3`,
    )
  ).text();
  const { data } = await server.ask(
    `{ job(id: "${id}") { transcript(format: SRT, maxLineWidth: 8, maxLineCount: 1, speakers: true, maxCharactersPerSecond: 8.5, minCueSeconds: 0.5, maxCueSeconds: 3) } }`,
  );
  assert.equal(srt, data.job.transcript);
  for (const [query, message] of Object.entries({
    'maxLineWidth=7': 'maxLineWidth must be from 8 to 1000.',
    'maxLineWidth=42px': 'maxLineWidth must be a whole number.',
    'maxLineCount=': 'maxLineCount must be a whole number.',
    'maxLineCount=2?': 'maxLineCount must be a whole number.',
    'speakers=maybe': 'speakers must be one of true, false.',
    'maxCharactersPerSecond=0': 'maxCharactersPerSecond must be from 1 to 1000.',
    'minCueSeconds=1e3': 'minCueSeconds must be a number.',
    'maxCueSeconds=-1': 'maxCueSeconds must be a number.',
    'minCueSeconds=5&maxCueSeconds=2.5': 'minCueSeconds (5) must not be above maxCueSeconds (2.5).',
    'maxlinewidth=42':
      'There is no option maxlinewidth; there are maxLineWidth, maxLineCount, maxCharactersPerSecond, minCueSeconds, maxCueSeconds, speakers.',
    'speakers=true&speakers=false': 'speakers is there twice.',
  })) {
    assert.deepEqual(await refusal(get(server, `${id}/transcript.srt?${query}`)), [400, 'BAD_USER_INPUT', message]);
  }
});

test('what a client has already is not sent again, until the job has more', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const id = await submit(server);
  await untilEvent(server.url, id, ({ segments }) => segments !== undefined);
  const first = await get(server, `${id}/transcript.txt`);
  const etag = first.headers.get('etag') ?? '';
  const again = (path: string) => get(server, `${id}/${path}`, { headers: { 'if-none-match': etag } });
  const known = await again('transcript.txt');
  assert.deepEqual([known.status, known.headers.get('etag'), await known.text()], [304, etag, '']);
  assert.equal((await again('transcript.srt')).status, 200);
  assert.equal((await again('transcript.txt?speakers=true')).status, 200);
  await server.again();
  await eventsOf(server.url, id);
  const last = await again('transcript.txt');
  assert.equal(last.status, 200);
  assert.ok((await last.text()).startsWith((await first.text()).trimEnd()));
});

test('HEAD tells what GET would, without the text', async () => {
  await using server = await openTestServer();
  const path = `${await done(server)}/transcript.vtt`;
  const [head, whole] = [await get(server, path, { method: 'HEAD' }), await get(server, path)];
  const told = (response: Response) =>
    ['content-type', 'content-disposition', 'etag', 'cache-control'].map((name) => response.headers.get(name));
  assert.deepEqual([head.status, await head.text(), told(head)], [200, '', told(whole)]);
});

test('what is not there is told as JSON, and other methods are not allowed', async () => {
  await using server = await openTestServer({ engine: 'hangs' });
  const id = await submit(server);
  const notFound = async (path: string) => {
    const [status, code, message] = await refusal(get(server, path));
    assert.deepEqual([status, code], [404, 'NOT_FOUND']);
    return message;
  };
  assert.equal(await notFound(`${id}/transcript.srt`), 'The job has no transcript yet.');
  assert.match(await notFound(`${id}/transcript.doc`), /no such format.*transcript\.srt/u);
  assert.match(await notFound(`${id}/transcript.SRT`), /no such format/u);
  assert.equal(await notFound('job_unknown/transcript.srt'), 'There is no job with this id.');
  for (const path of [id, `${id}/`, `${id}/transcript`, `${id}/other.srt`, `a/b/transcript.srt`, '%']) {
    assert.match(await notFound(path), /^A job has transcript\.txt/u);
  }
  const posted = await get(server, `${id}/transcript.srt`, { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal(
    (await refusal(get(server, `${id}/transcript.srt`, { headers: { origin: 'https://evil.example' } })))[0],
    403,
  );
});

test('files of jobs are for callers with a key, also on pages of allowed origins, and of no others', async () => {
  const [alice, origin] = [newCaller('alice'), 'https://app.example'];
  await using server = await openTestServer({ server: { apiKeys: [alice.key], allowedOrigins: [origin] } });
  for (const path of ['job_x/transcript.srt', 'job_x/media']) {
    const asked = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
    const preflight = await get(server, path, { method: 'OPTIONS', headers: { origin, ...asked } });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/u);
    assert.equal((await get(server, path, { headers: { origin } })).status, 401);
    const admitted = await get(server, path, { headers: { origin, ...alice.headers } });
    assert.deepEqual([admitted.status, admitted.headers.get('access-control-allow-origin')], [404, origin]);
    const evil = await get(server, path, { method: 'OPTIONS', headers: { origin: 'https://evil.example', ...asked } });
    assert.deepEqual([evil.status, evil.headers.get('access-control-allow-origin')], [403, null]);
  }
});

test('a transcript that is taken away while it is sent breaks off, so that nobody takes it for whole', async () => {
  await using server = await openTestServer();
  await using store = await openStore({ database: join(server.data, 'phonograph.db') });
  // More than the buffers of two sockets take, in a word, which is not searched.
  const long = { startSeconds: 0, endSeconds: 1, text: 'x'.repeat(4000), probability: 1, speaker: null };
  const segments = Array.from({ length: 3000 }, (_, at) => ({ ...newSegment('x', at), words: [long] }));
  await server.ask('mutation { pauseQueue { id } }');
  const { id } = await added(store);
  const { lease } = await claimed(store);
  await store.appendBatch(lease, { segments, checkpoint: {}, progress: progressAt(0.5) });
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  const response = await get(server, `${id}/transcript.json`);
  assert.equal(response.status, 200);
  const { data } = await server.ask(`mutation { deleteJob(id: "${id}") { __typename } }`);
  assert.equal(data.deleteJob.__typename, 'DeleteJobSuccess');
  await assert.rejects(response.text(), /terminated/u);
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
});
