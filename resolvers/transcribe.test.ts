import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { eventsOf } from '#src/testing/follow.ts';

let server: TestServer;
before(async () => {
  server = await openTestServer();
});
after(() => server[Symbol.asyncDispose]());

const mutation = `mutation ($input: TranscribeInput!) {
  transcribe(input: $input) {
    __typename
    ... on TranscribeSuccess { existing job { id options { mode model language wordTimestamps beamSize clip { startSeconds endSeconds } } } }
    ... on MediaRejectedError { reason }
    ... on InvalidInputError { field }
    ... on ModelNotInstalledError { modelId }
    ... on Error { code message hint }
  }
}`;

const send = async (input: object) => (await server.ask(mutation, { input })).data.transcribe;
const sendPath = (path: string) => send({ media: { path } });

test('a path that is no recording under a media root is refused with its reason', async () => {
  const { media } = server;
  await mkdir(join(media, 'folder'));
  await writeFile(join(media, 'empty.mp3'), '');
  await writeFile(join(media, '.hidden.mp3'), 'x');
  await symlink('/etc/hostname', join(media, 'out.mp3'));
  await symlink('/etc', join(media, 'etc'));
  await symlink('/etc/no-such-file', join(media, 'dangling.mp3'));
  await symlink(join(media, 'gone.wav'), join(media, 'broken.wav'));
  await symlink(join(media, 'speech.wav'), join(media, 'alias.wav'));
  for (const path of ['nothing.mp3', 'broken.wav', 'no/such/folder.mp3']) {
    assert.equal((await sendPath(path)).__typename, 'MediaNotFoundError', path);
  }
  assert.equal((await sendPath('folder')).reason, 'NOT_A_FILE');
  assert.equal((await sendPath('empty.mp3')).reason, 'EMPTY');
  assert.equal((await sendPath('.hidden.mp3')).reason, 'HIDDEN');
  for (const path of [
    '/etc/hostname',
    '/no/such/file',
    '../data/phonograph.db',
    'out.mp3',
    'etc/hostname',
    'etc/nothing',
    'dangling.mp3',
    'a\0b',
    '/dev/null',
  ]) {
    const told = await sendPath(path);
    assert.equal(told.reason, 'OUTSIDE_ROOTS', path);
    assert.doesNotMatch(told.message, /\//u, 'a message tells no path');
  }
  for (const path of ['speech.wav', join(media, 'speech.wav'), './folder/../speech.wav', 'alias.wav']) {
    assert.equal((await sendPath(path)).__typename, 'TranscribeSuccess', path);
  }
});

test('values that are not allowed are refused with the path of the argument', async () => {
  const media = { path: 'speech.wav' };
  for (const [input, field] of [
    [{ beamSize: 0 }, 'input.beamSize'],
    [{ beamSize: 11 }, 'input.beamSize'],
    [{ language: 'xx' }, 'input.language'],
    [{ clip: { startSeconds: -1 } }, 'input.clip.startSeconds'],
    [{ clip: { startSeconds: 5, endSeconds: 5 } }, 'input.clip.endSeconds'],
    [{ initialPrompt: 'x'.repeat(2001) }, 'input.initialPrompt'],
    [{ title: 'x'.repeat(501) }, 'input.title'],
    [{ tags: Array.from({ length: 51 }, String) }, 'input.tags'],
    [{ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [at, at])) }, 'input.metadata'],
    [{ metadata: 'text' }, 'input.metadata'],
    [{ priority: 1001 }, 'input.priority'],
  ] as const) {
    const told = await send({ media, ...input });
    assert.equal(told.__typename, 'InvalidInputError', JSON.stringify(input));
    assert.equal(told.field, field);
  }
});

test('a model that is not installed is told with its name', async () => {
  const media = { path: 'speech.wav' };
  assert.equal((await send({ media, mode: 'HIGH_ACCURACY' })).modelId, 'large-v2');
  assert.equal((await send({ media, model: 'tiny' })).modelId, 'tiny');
  assert.equal((await send({ media, model: '../base' })).field, 'input.model');
});

test('exactly one medium is given', async () => {
  for (const media of [{}, { path: null }, { path: 'speech.wav', upload: null }]) {
    const { errors } = await server.ask(mutation, { input: { media } });
    assert.equal(errors?.[0]?.extensions['code'], 'BAD_USER_INPUT', JSON.stringify(media));
  }
});

test('what is absent or null takes the default, and null as language means: detect', async () => {
  const { job } = await send({
    media: { path: 'speech.wav' },
    beamSize: null,
    mode: null,
    language: null,
    clip: { endSeconds: 2 },
  });
  assert.deepEqual(job.options, {
    mode: 'COMPACT',
    model: 'base',
    language: null,
    wordTimestamps: false,
    beamSize: 5,
    clip: { startSeconds: 0, endSeconds: 2 },
  });
});

test('the same idempotency key returns the first job', async () => {
  const input = { media: { path: 'speech.wav' }, idempotencyKey: 'night run 7' };
  const first = await send(input);
  const second = await send(input);
  assert.deepEqual([first.existing, second.existing], [false, true]);
  assert.equal(first.job.id, second.job.id);
});

test('a full queue says how many may wait', async () => {
  await using full = await openTestServer({ engine: 'waits', server: { maxQueued: 1 } });
  const input = { media: { path: 'speech.wav' } };
  const typenames: string[] = [];
  for (let count = 0; count < 4; count += 1)
    typenames.push((await full.ask(mutation, { input })).data.transcribe.__typename);
  assert.equal(typenames.at(-1), 'QueueFullError');
});

test('an engine that refuses its recording ends the job as FAILED with a code and a hint', async () => {
  await using refusing = await openTestServer({ engine: 'refuses' });
  const id = await submit(refusing);
  assert.equal((await eventsOf(refusing.url, id)).at(-1)?.status, 'FAILED');
  const { data } = await refusing.ask(
    'query ($id: ID!) { job(id: $id) { failure { code message hint retryable } progress { stage fraction } } }',
    { id },
  );
  assert.equal(data.job.failure.code, 'MEDIA_NO_AUDIO');
  assert.ok(data.job.failure.hint.length > 10);
  assert.equal(data.job.progress.stage, 'DONE');
  assert.notEqual(data.job.progress.fraction, 1);
});

test('a translation is refused with a model that does not translate, and taken with one that does', async () => {
  for (const model of ['large-v3-turbo', 'turbo', 'distil-large-v3', 'base.en']) {
    const refused = await send({ media: { path: 'speech.wav' }, task: 'TRANSLATE', model });
    assert.deepEqual([refused.__typename, refused.field], ['InvalidInputError', 'input.task'], model);
  }
  const refused = await send({ media: { path: 'speech.wav' }, task: 'TRANSLATE', mode: 'TURBO' });
  assert.equal(refused.field, 'input.task');
  const taken = await send({ media: { path: 'speech.wav' }, task: 'TRANSLATE', mode: 'COMPACT' });
  assert.equal(taken.__typename, 'TranscribeSuccess');
});

test('speakers are told apart in one channel, between bounds that can be', async () => {
  const media = { path: 'speech.wav' };
  const refused = {
    'input.diarize': { diarize: true, channels: 'SPLIT' },
    'input.minSpeakers': { minSpeakers: 2 },
    'input.maxSpeakers': { diarize: false, maxSpeakers: 2 },
  };
  for (const [field, options] of Object.entries(refused)) {
    const told = await send({ media, ...options });
    assert.deepEqual([told.__typename, told.field], ['InvalidInputError', field], JSON.stringify(options));
  }
  for (const [field, bounds] of [
    ['input.minSpeakers', { minSpeakers: 3, maxSpeakers: 2 }],
    ['input.minSpeakers', { minSpeakers: 0 }],
    ['input.maxSpeakers', { maxSpeakers: -1 }],
    ['input.maxSpeakers', { maxSpeakers: 21 }],
  ] as const) {
    const told = await send({ media, diarize: true, ...bounds });
    assert.deepEqual([told.__typename, told.field], ['InvalidInputError', field], JSON.stringify(bounds));
  }
  for (const bounds of [{}, { minSpeakers: 1 }, { minSpeakers: 2, maxSpeakers: 2 }, { maxSpeakers: 20 }]) {
    const told = await send({ media, diarize: true, ...bounds });
    assert.equal(told.__typename, 'TranscribeSuccess', JSON.stringify(bounds));
  }
});
