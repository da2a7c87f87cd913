import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#src/config/config.ts';
import { eventsOf, followBySse, type SeenEvent, untilEvent } from '#src/testing/follow.ts';
import { recordings } from '#src/testing/recordings.ts';
import { openTestServer, type TestServer } from '#src/testing/server.ts';

const { engineCommand, modelDirectory } = readConfig(join(import.meta.dirname, '../../..'), {}).server;

/** A server with the real engine and the COMPACT model. */
const openRealServer = (...roots: readonly string[]) =>
  openTestServer({
    server: { engineCommand, modelDirectory, mediaRoots: roots.map((path) => ({ configured: path, path })) },
  });

async function submitPath(server: TestServer, path: string): Promise<string> {
  const query =
    'mutation ($path: String!) { transcribe(input: { media: { path: $path } }) { ... on TranscribeSuccess { job { id } } } }';
  return (await server.ask(query, { path })).data.transcribe.job.id;
}

async function upload(server: TestServer, path: string): Promise<string> {
  const query =
    'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { ... on TranscribeSuccess { job { id } } } }';
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', '{"0":["variables.file"]}');
  form.set('0', new Blob([await readFile(path)]), basename(path));
  const headers = { 'apollo-require-preflight': 'true' };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: form });
  const { data }: any = await response.json();
  return data.transcribe.job.id;
}

const textOf = (events: readonly SeenEvent[]) =>
  events.flatMap(({ segments = [] }) => segments.map(({ text }) => text)).join(' ');

test('a recording by path and by upload, over SSE and over WebSocket, is what was said', async () => {
  const path = join(import.meta.dirname, '../../../samples/jfk.flac');
  await using server = await openRealServer(dirname(path));
  const id = await submitPath(server, basename(path));
  const [events, sse] = await Promise.all([eventsOf(server.url, id), Array.fromAsync(followBySse(server.url, id))]);
  assert.deepEqual(sse, events);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.equal(events.at(-1)?.status, 'COMPLETED');
  assert.match(textOf(events), /ask not what your country can do for you/u);
  const byUpload = await eventsOf(server.url, await upload(server, path));
  assert.equal(textOf(byUpload), textOf(events), 'the same bytes give the same text');
});

test('cancelling a job while speech is decoded ends its processes and keeps what was heard', async () => {
  const recording = recordings('en_columbia_address.wma').at(-1);
  assert.ok(recording);
  await using server = await openRealServer(dirname(recording.path));
  const id = await submitPath(server, basename(recording.path));
  await untilEvent(server.url, id, ({ progress }) => progress?.stage === 'TRANSCRIBING');
  await server.ask('mutation ($id: ID!) { cancel(id: $id) { __typename } }', { id });
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'CANCELLED');
  const { data } = await server.ask(
    'query ($id: ID!) { job(id: $id) { attempts { outcome } } server { queue { working } } }',
    { id },
  );
  assert.deepEqual(data.job.attempts, [{ outcome: 'CANCELLED' }]);
  assert.equal(data.server.queue.working, 0);
});

test('a recording that is none ends its job as FAILED with a code and a hint, and the server goes on', async () => {
  await using server = await openTestServer({ server: { engineCommand, modelDirectory } });
  await writeFile(join(server.media, 'notes.mp3'), 'These are notes, not speech.\n'.repeat(100));
  const id = await submitPath(server, 'notes.mp3');
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'FAILED');
  const { data } = await server.ask('query ($id: ID!) { job(id: $id) { failure { code message hint } } }', { id });
  assert.equal(data.job.failure.code, 'MEDIA_UNSUPPORTED');
  assert.doesNotMatch(data.job.failure.message, /\//u, 'a message tells no path');
  assert.ok(data.job.failure.hint);
  const next = await submitPath(server, 'speech.wav');
  assert.match(textOf(await eventsOf(server.url, next)), /ask not what your country can do for you/u);
});
