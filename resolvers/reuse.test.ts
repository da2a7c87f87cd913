import assert from 'node:assert/strict';
import { appendFile, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventsOf } from '#src/testing/follow.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { isReady, openTestServer, readyTells, type TestServer } from '#src/testing/server.ts';

let server: TestServer;
before(async () => {
  server = await openTestServer();
  // Nothing is reused before the engine has been tested.
  await readyTells(server, isReady);
});
after(() => server[Symbol.asyncDispose]());

const mutation = `mutation ($input: TranscribeInput!) {
  transcribe(input: $input) { ... on TranscribeSuccess { existing job { id status media { sha256 } } } ... on Error { code } }
}`;

interface Sent {
  readonly existing: boolean;
  readonly job: { readonly id: string; readonly status: string; readonly media: { readonly sha256: string | null } };
}

const send = async (input: object = {}): Promise<Sent> =>
  (await server.ask(mutation, { input: { media: { path: 'speech.wav' }, reuse: true, ...input } })).data.transcribe;

/** Sends a job that is new, and waits for its end. */
async function finish(input: object = {}): Promise<string> {
  const { existing, job } = await send(input);
  assert.equal(existing, false);
  await eventsOf(server.url, job.id);
  return job.id;
}

async function upload(): Promise<Sent> {
  const form = new FormData();
  const input = { media: { upload: null }, reuse: true };
  form.set('operations', JSON.stringify({ query: mutation, variables: { input } }));
  form.set('map', '{"0":["variables.input.media.upload"]}');
  form.set('0', new Blob([await readFile(join(server.media, 'speech.wav'))]), 'other name.wav');
  const headers = { 'apollo-require-preflight': 'true' };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: form });
  const { data } = (await response.json()) as { data: { transcribe: Sent } };
  return data.transcribe;
}

test('a finished transcript of the same bytes, options and engine is returned, whatever the file is called', async () => {
  const id = await finish({ reuse: false });
  await placeRecording(join(server.media, 'speech.wav'), join(server.media, 'copy.wav'));
  for (const again of [await send(), await send({ media: { path: 'copy.wav' }, title: 'again' }), await upload()]) {
    assert.deepEqual([again.existing, again.job.id, again.job.status], [true, id, 'COMPLETED']);
    assert.match(again.job.media.sha256 ?? '', /^[0-9a-f]{64}$/u);
  }
  await finish({ reuse: false });
  assert.equal((await send({ beamSize: 2 })).existing, false, 'other options');
  const key = { idempotencyKey: 'once' };
  const first = await send({ ...key, reuse: false });
  assert.equal((await send(key)).job.id, first.job.id, 'the first job of a key goes before it');
});

test('other bytes, another model file and a deleted job are not reused', async () => {
  const path = join(server.media, 'own.wav');
  const own = { media: { path: 'own.wav' } };
  const more = async (text: string) => {
    await appendFile(path, text);
    await utimes(path, 1, 1); // Nobody waits for it.
  };
  await placeRecording(join(server.media, 'speech.wav'), path);
  await more('more');
  const id = await finish(own);
  assert.equal((await send(own)).job.id, id);
  await more('still more');
  const changed = await finish(own);
  assert.equal((await send(own)).job.id, changed);
  const model = join(server.config.server.modelDirectory, 'base/model.bin');
  await writeFile(model, 'another model');
  const other = await send(own);
  assert.equal(other.existing, false);
  await eventsOf(server.url, other.job.id);
  await writeFile(model, '{}');
  assert.equal((await send(own)).job.id, other.job.id, 'what an engine says it had counts, not what lay there');
  for (const job of [changed, other.job.id]) await server.ask(`mutation { deleteJob(id: "${job}") { __typename } }`);
  assert.equal((await send(own)).existing, false);
});

test('an upload that is reused leaves no second copy', async () => {
  const { job, existing } = await upload();
  assert.equal(existing, true);
  const { data } = await server.ask(`{ job(id: "${job.id}") { media { name } } }`);
  assert.equal(data.job.media.name, 'speech.wav');
});
