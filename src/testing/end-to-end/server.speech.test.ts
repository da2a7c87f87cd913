import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { readConfig } from '#src/config/config.ts';
import { eventsOf, followBySse, type SeenEvent, untilEvent } from '#src/testing/follow.ts';
import { recordings } from '#src/testing/recordings.ts';
import { openTestServer, type TestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

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

test('the track that speaks is read, another where it is asked for, and one that is not there is told with those that are', async () => {
  await using folder = await openTemporary();
  const speech = join(import.meta.dirname, '../../../samples/jfk.flac');
  const file = join(folder.directory, 'two.mkv');
  await makeTracks(file, speech);
  await using server = await openRealServer(folder.directory);
  const fields = `status transcript options { track } failure { code hint } media {
    warnings peaks tracks { index codec channels language default used }
  }`;
  const heard = async (track: number | undefined) => {
    const query = `mutation ($input: TranscribeInput!) {
      transcribe(input: $input) { ... on TranscribeSuccess { job { id } } ... on InvalidInputError { field } }
    }`;
    const input = { media: { path: 'two.mkv' }, ...(track === undefined ? {} : { track }) };
    const { job, field } = (await server.ask(query, { input })).data.transcribe;
    if (field !== undefined) return field;
    await eventsOf(server.url, job.id);
    return (await server.ask(`{ job(id: "${job.id}") { ${fields} } }`)).data.job;
  };
  const chosen = await heard(undefined);
  assert.match(chosen.transcript, /country/iu);
  assert.deepEqual(
    chosen.media.tracks.map(({ index, used }: { readonly index: number; readonly used: boolean }) => [index, used]),
    [
      [0, false],
      [1, true],
    ],
  );
  assert.match(chosen.media.warnings.join(' '), /track 1, counted from 0, was read, since track 0 is silent/u);
  assert.ok(chosen.media.peaks.length > 500 && Math.max(...chosen.media.peaks) > 0.3);
  const silent = await heard(0);
  assert.deepEqual([silent.options.track, silent.transcript], [0, '']);
  assert.match(silent.media.warnings.join(' '), /the recording is silent/u);
  assert.equal(Math.max(...silent.media.peaks), 0);
  const missing = await heard(2);
  assert.equal(missing.media.peaks, null);
  assert.deepEqual([missing.status, missing.failure.code], ['FAILED', 'MEDIA_NO_AUDIO']);
  assert.match(missing.failure.hint, /^It has: 0 \(.*; 1 \(/u);
  assert.equal(await heard(-1), 'input.track');
});

/** A container with a silent track before one that holds a recording, made by the engine's own libraries. */
async function makeTracks(file: string, speech: string): Promise<void> {
  const program = `
import sys; sys.path.insert(0, sys.argv[3])
import numpy as np
from pathlib import Path
from engine.audio.media import Media
from engine.audio.recording import Source, open_recording
from engine.tests.make import write_media
sound = np.concatenate(list(Media(open_recording(Source(sys.argv[2])), split=False).sound(60.0, None)), axis=1)[0]
write_media(Path(sys.argv[1]), [("pcm_s16le", np.zeros(sound.size)), ("pcm_s16le", sound)])`;
  const root = join(import.meta.dirname, '../../..');
  await execa(engineCommand[0] ?? '', ['-c', program, file, speech, join(root, 'runner')]);
}
