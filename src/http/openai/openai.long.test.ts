import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import { roles } from '#src/config/api-key.ts';
import { newCaller } from '#src/testing/caller.ts';
import { untilEvent } from '#src/testing/follow.ts';
import { roleTable } from '#src/testing/role-table.ts';
import { openTestServer, type TestServer } from '#src/testing/server.ts';
import { segment } from '#src/testing/transcripts.ts';
import type { JobEvent } from '../../jobs/job.ts';
import { textsOf } from './answers.ts';

const text = 'one two three';
const model = 'whisper-1';

/** The SDK as its users have it; it asks once, so that what it is told is what the server said. */
const clientOf = ({ url }: TestServer, apiKey = 'sk-anything') =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

const speechOf = ({ media }: TestServer) => createReadStream(join(media, 'speech.wav'));

let server: TestServer;
let client: OpenAI;
before(async () => {
  server = await openTestServer();
  client = clientOf(server);
});
after(() => server[Symbol.asyncDispose]());

/** The newest job. */
async function newestJob(of = server) {
  const fields = 'id status media { name } options { task language wordTimestamps initialPrompt hotwords model mode }';
  const { data } = await of.ask(`{ jobs(first: 1) { totalCount edges { node { ${fields} } } } }`);
  return data.jobs.edges[0]?.node;
}

/** The error of a call that is refused. */
async function refusal(call: PromiseLike<unknown>): Promise<APIError> {
  return Promise.resolve(call).then(
    () => assert.fail('it was answered'),
    (error: unknown) => {
      assert.ok(error instanceof APIError, String(error));
      return error;
    },
  );
}

test('a recording is answered with its text, by a job as any other, which the answer names', async () => {
  const call = client.audio.transcriptions.create({ file: speechOf(server), model, language: 'en', prompt: 'Names.' });
  const { data, request_id: id } = await call.withResponse();
  assert.deepEqual(data, { text, usage: { type: 'duration', seconds: 9 } });
  const job = await newestJob();
  assert.deepEqual([job.id, job.status, job.media.name], [id, 'COMPLETED', 'speech.wav']);
  assert.deepEqual(job.options, {
    task: 'TRANSCRIBE',
    language: 'en',
    wordTimestamps: false,
    initialPrompt: 'Names.',
    hotwords: null,
    model: 'base',
    mode: 'COMPACT',
  });
});

test('text, SRT and VTT come as text', async () => {
  const told = (format: 'text' | 'srt' | 'vtt') =>
    client.audio.transcriptions.create({ file: speechOf(server), model, response_format: format });
  assert.equal(await told('text'), `${text}\n`);
  assert.match(await told('srt'), /^1\n00:00:00,000 --> 00:00:\d\d,\d+\none/u);
  assert.match(await told('vtt'), /^WEBVTT\n\n00:00:00.000 --> /u);
});

test('verbose_json has what was asked for of segments and words', async () => {
  const told = (granularities: ('word' | 'segment')[]) =>
    client.audio.transcriptions.create({
      file: speechOf(server),
      model,
      response_format: 'verbose_json',
      timestamp_granularities: granularities,
      temperature: 0.4,
    });
  const { segments, words, ...rest } = await told(['word', 'segment']);
  assert.deepEqual(rest, {
    task: 'transcribe',
    language: 'english',
    duration: 9,
    text,
    usage: { type: 'duration', seconds: 9 },
  });
  assert.deepEqual(
    segments?.map(({ id, seek, start, end, tokens, temperature }) => [id, seek, start, end, tokens, temperature]),
    [
      [0, 0, 0, 3, [], 0],
      [1, 300, 3, 6, [], 0],
      [2, 600, 6, 9, [], 0],
    ],
  );
  assert.deepEqual([segments[0]?.text, segments[0]?.avg_logprob, segments[0]?.no_speech_prob], ['one', -0.2, 0.01]);
  // 3 bytes, which zlib makes 11 of.
  assert.equal(segments[0]?.compression_ratio, 3 / 11);
  assert.deepEqual(words, [], 'the fixture has no words');
  assert.equal((await newestJob()).options.wordTimestamps, true);
  assert.equal((await told(['segment'])).words, undefined);
});

test('diarized_json tells who says what', async () => {
  // Its type is that of json.
  const told: object = await client.audio.transcriptions.create({
    file: speechOf(server),
    model,
    response_format: 'diarized_json',
    chunking_strategy: 'auto',
  });
  const type = 'transcript.text.segment';
  assert.deepEqual(told, {
    task: 'transcribe',
    duration: 9,
    text,
    segments: [
      { type, id: 'seg_0', start: 0, end: 3, text: 'one', speaker: 'A' },
      { type, id: 'seg_1', start: 3, end: 6, text: 'two', speaker: 'B' },
      { type, id: 'seg_2', start: 6, end: 9, text: 'three', speaker: 'A' },
    ],
    usage: { type: 'duration', seconds: 9 },
  });
});

test('with stream=true the words come while they are found, then all of them with the usage', async () => {
  const stream = await client.audio.transcriptions.create({ file: speechOf(server), model, stream: true });
  assert.deepEqual(await Array.fromAsync(stream), [
    { type: 'transcript.text.delta', delta: 'one' },
    { type: 'transcript.text.delta', delta: ' two' },
    { type: 'transcript.text.delta', delta: ' three' },
    { type: 'transcript.text.done', text, usage: { type: 'duration', seconds: 9 } },
  ]);
});

test('what was told is not told again where a job starts over', async () => {
  const event = { jobId: 'job_1', seq: 1, time: new Date() };
  const added = (...ends: readonly number[]): JobEvent => ({
    ...event,
    kind: 'SEGMENTS_ADDED',
    segments: ends.map((end) => ({ id: `to ${end}`, ...segment(`to ${end}`, end - 3, end) })),
  });
  const cleared: JobEvent = { ...event, kind: 'TRANSCRIPT_CLEARED', attempt: 2 };
  async function* story() {
    yield* [added(3, 6), added(9), cleared, added(3), added(6, 9, 12), added(15)];
  }
  assert.deepEqual(await Array.fromAsync(textsOf(story())), ['to 3', 'to 6', 'to 9', 'to 12', 'to 15']);
});

test('a translation is a job with this task; a model that does not translate is told', async () => {
  const { text: heard } = await client.audio.translations.create({ file: speechOf(server), model });
  assert.equal(heard, text);
  assert.equal((await newestJob()).options.task, 'TRANSLATE');
  const verbose = await client.audio.translations.create({
    file: speechOf(server),
    model,
    response_format: 'verbose_json',
  });
  assert.partialDeepStrictEqual(verbose, { task: 'translate', language: 'english', text });
  const { modelDirectory } = server.config.server;
  const english = join(modelDirectory, 'base.en');
  await cp(join(modelDirectory, 'base'), english, { recursive: true });
  const { status, param, message } = await refusal(
    client.audio.translations.create({ file: speechOf(server), model: 'base.en' }),
  );
  assert.deepEqual([status, param], [400, 'model']);
  assert.match(message, /base\.en does not translate/u);
  await rm(english, { recursive: true });
});

test('modes and installed models are models, and others are not found', async () => {
  const names = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
  assert.deepEqual(names, [model, 'COMPACT', 'base']);
  assert.equal((await client.models.retrieve('base')).owned_by, 'phonograph');
  for (const each of names) await client.audio.transcriptions.create({ file: speechOf(server), model: each });
  const unknown = [
    client.models.retrieve('gpt-4o-transcribe'),
    client.audio.transcriptions.create({ file: speechOf(server), model: 'gpt-4o-transcribe' }),
  ];
  for (const call of unknown) {
    const { status, code, type, param } = await refusal(call);
    assert.deepEqual([status, code, type, param], [404, 'model_not_found', 'invalid_request_error', 'model']);
  }
});

test('what is wrong is told with its field, and nothing is kept of it', async () => {
  const jobs = (await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount;
  const kept = await readdir(join(server.data, 'media'));
  const wrong: readonly [string, object][] = [
    ['language', { language: 'klingon' }],
    ['prompt', { prompt: 'x'.repeat(2001) }],
    ['response_format', { response_format: 'docx' }],
    ['response_format', { response_format: 'srt', stream: true }],
    ['timestamp_granularities', { timestamp_granularities: ['letter'] }],
    ['temperature', { temperature: 1.5 }],
    ['stream', { stream: 'perhaps' }],
    ['include', { include: ['logprobs'] }],
    ['known_speaker_names', { known_speaker_names: ['agent'] }],
    ['model', { model: '../base' }],
    ['file', { file: new File([], 'empty.wav') }],
  ];
  for (const [field, fields] of wrong) {
    const { status, param, message, type } = await refusal(
      client.audio.transcriptions.create({ file: speechOf(server), model, ...fields }),
    );
    assert.deepEqual([status, param, type], [400, field, 'invalid_request_error'], message);
    assert.doesNotMatch(message, /input\.|undefined/u);
  }
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, jobs);
  assert.deepEqual(await readdir(join(server.data, 'media')), kept);
  assert.deepEqual(await readdir(join(server.data, 'uploads')), []);
});

test('a recording that cannot be read is told as what it is, also in a stream, and is not sent again', async () => {
  await using refusing = await openTestServer({ engine: 'refuses' });
  const asking = new OpenAI({ baseURL: `${refusing.url}/v1`, apiKey: 'sk-anything' });
  const { status, code, message } = await refusal(
    asking.audio.transcriptions.create({ file: speechOf(refusing), model }),
  );
  assert.deepEqual([status, code], [400, 'media_no_audio']);
  assert.match(message, /no audio stream/u);
  const stream = await asking.audio.transcriptions.create({ file: speechOf(refusing), model, stream: true });
  assert.equal((await refusal(Array.fromAsync(stream))).code, 'media_no_audio');
  assert.equal((await refusing.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 2);
});

for (const stream of [false, true]) {
  test(`a job whose caller leaves is cancelled${stream ? ', as one that is streamed' : ''}, and one is told that somebody else cancels`, async () => {
    await using waiting = await openTestServer({ engine: 'waits' });
    const leaving = new AbortController();
    const body = { file: speechOf(waiting), model };
    const call = stream
      ? clientOf(waiting)
          .audio.transcriptions.create({ ...body, stream }, { signal: leaving.signal })
          .then(Array.fromAsync)
      : clientOf(waiting).audio.transcriptions.create(body, { signal: leaving.signal });
    const outcome = Promise.allSettled([call]);
    const id = await untilSpoken(waiting);
    leaving.abort();
    await untilEvent(waiting.url, id, ({ status }) => status === 'CANCELLED');
    await outcome;
    const second = refusal(clientOf(waiting).audio.transcriptions.create({ ...body, file: speechOf(waiting) }));
    await waiting.ask('mutation ($id: ID!) { cancel(id: $id) { __typename } }', { id: await untilSpoken(waiting, id) });
    assert.deepEqual([(await second).status, (await second).code], [409, 'job_cancelled']);
  });
}

/** The newest job, and not an earlier one, when its engine has said something. */
async function untilSpoken(of: TestServer, earlier?: string): Promise<string> {
  for (;;) {
    const job = await newestJob(of);
    if (job !== undefined && job.id !== earlier) {
      await untilEvent(of.url, job.id, ({ segments }) => segments !== undefined);
      return job.id;
    }
    await new Promise(setImmediate);
  }
}

test('a job that is waited for when the server is stopped goes on when it is back', async () => {
  await using waiting = await openTestServer({ engine: 'waits' });
  const told = refusal(clientOf(waiting).audio.transcriptions.create({ file: speechOf(waiting), model }));
  const id = await untilSpoken(waiting);
  await waiting.again();
  const { status, headers, message } = await told;
  assert.deepEqual([status, headers?.get('x-request-id'), headers?.get('x-should-retry')], [503, id, 'false']);
  assert.match(message, new RegExp(`/jobs/${id}/transcript\\.txt`, 'u'));
  await untilEvent(waiting.url, id, (event) => event.status === 'COMPLETED');
});

test('with openaiRetention "delete" nothing stays of a call that was answered, failed or left', async () => {
  for (const engine of ['speaks', 'refuses', 'waits']) {
    await using forgetful = await openTestServer({ engine, server: { openaiRetention: 'delete' } });
    const leaving = new AbortController();
    const call = clientOf(forgetful).audio.transcriptions.create(
      { file: speechOf(forgetful), model },
      { signal: leaving.signal },
    );
    const outcome = Promise.allSettled([call]);
    if (engine === 'waits') {
      await untilSpoken(forgetful);
      leaving.abort();
    }
    await outcome;
    while ((await newestJob(forgetful)) !== undefined) await new Promise(setImmediate);
    while ((await readdir(join(forgetful.data, 'media'))).length > 0) await new Promise(setImmediate);
  }
});

test('keys are those of the server: none, a wrong one and that of a READER are told so', async () => {
  const [alice, reader] = [newCaller('alice', 'USER'), newCaller('reader', 'READER')];
  await using closed = await openTestServer({ server: { apiKeys: [alice.key, reader.key] } });
  const { text: heard } = await clientOf(closed, alice.token).audio.transcriptions.create({
    file: speechOf(closed),
    model,
  });
  assert.equal(heard, text);
  const speak = (key: string) =>
    refusal(clientOf(closed, key).audio.transcriptions.create({ file: speechOf(closed), model }));
  const wrong = await speak('sk-anything');
  assert.deepEqual([wrong.status, wrong.code], [401, 'invalid_api_key']);
  assert.deepEqual([(await speak(reader.token)).status, (await speak(reader.token)).code], [403, 'forbidden']);
  assert.equal((await Array.fromAsync(clientOf(closed, reader.token).models.list())).length, 3);
  const none = await fetch(`${closed.url}/v1/models`);
  assert.deepEqual([none.status, Object.keys((await none.json()) as object)], [401, ['error']]);
});

test('every role may do what the table of roles says', async () => {
  const callers = roles.map((role) => ({ role, ...newCaller(role.toLowerCase(), role) }));
  await using closed = await openTestServer({ server: { apiKeys: callers.map(({ key }) => key) } });
  const paths = Object.keys(roleTable).filter((path) => path.startsWith('/v1/'));
  assert.equal(paths.length, 3);
  for (const path of paths) {
    for (const { role, headers } of callers) {
      // No recording comes with it: that is told to those who may send one.
      const method = path === '/v1/models' ? 'GET' : 'POST';
      const { status } = await fetch(`${closed.url}${path}`, { method, headers });
      assert.equal(status === 403, roleTable[path]?.[role] === 'no', `${path} for ${role}: ${status}`);
    }
  }
});

test('pages of other sites are refused, and those of allowed origins are not', async () => {
  const allowed = 'https://app.example';
  await using open = await openTestServer({ server: { allowedOrigins: [allowed] } });
  const form = async () => {
    const body = new FormData();
    body.set('model', model);
    body.set('file', new Blob([await readFile(join(open.media, 'speech.wav'))]), 'speech.wav');
    return body;
  };
  const statusOf = async (headers: Record<string, string>) => {
    const body = await form();
    return (await fetch(`${open.url}/v1/audio/transcriptions`, { method: 'POST', headers, body })).status;
  };
  assert.equal(await statusOf({ origin: 'https://evil.example' }), 403);
  assert.equal(await statusOf({ origin: 'null' }), 403);
  assert.equal(await statusOf({ origin: allowed }), 200);
  assert.equal(await statusOf({ origin: open.url }), 200);
  const preflight = await fetch(`${open.url}/v1/audio/transcriptions`, {
    method: 'OPTIONS',
    headers: { origin: allowed },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), allowed);
  assert.equal((await open.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 2);
});

test('a call that breaks off while it is sent leaves nothing, and one that is none is told', async () => {
  const { host } = new URL(server.url);
  const socket = connect(Number(host.split(':')[1]), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: ${host}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n${'x'.repeat(100_000)}`,
  );
  while ((await readdir(join(server.data, 'uploads'))).length === 0) await new Promise(setImmediate);
  socket.destroy();
  while ((await readdir(join(server.data, 'uploads'))).length > 0) await new Promise(setImmediate);
  const told = async (path: string, init: RequestInit) => {
    const response = await fetch(`${server.url}/v1/${path}`, init);
    const { error }: any = await response.json();
    return [response.status, error.type];
  };
  assert.deepEqual(await told('audio/transcriptions', { method: 'POST', body: '{}' }), [415, 'invalid_request_error']);
  assert.deepEqual(await told('audio/transcriptions', {}), [405, 'invalid_request_error']);
  assert.deepEqual(await told('audio/speech', { method: 'POST' }), [404, 'invalid_request_error']);
});
