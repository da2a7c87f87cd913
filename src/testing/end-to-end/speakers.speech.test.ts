import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readConfig } from '#src/config/config.ts';
import { eventsOf } from '../follow.ts';
import { openTestServer, submit } from '../server.ts';
import { openTemporary } from '../temporary.ts';

const root = join(import.meta.dirname, '../../..');
const { engineCommand, modelDirectory } = readConfig(root, {}).server;

/** Two presidents in turn, 11 s each. */
const talk = `
import sys
import numpy as np
from pathlib import Path
from engine.tests.make import samples, write_wav
one, other = samples(Path('samples/jfk.flac')), samples(Path('samples/columbia.opus'))
pause = np.zeros(8_000, np.float32)
sound = [one, pause, other[: 11 * 16_000], pause, one, pause, other[16 * 16_000 : 27 * 16_000]]
write_wav(Path(sys.argv[1]), np.concatenate(sound))
`;

/** A call of two presidents, one after the other, who hear each other 20 dB quieter; and one of them alone, the same on both channels. */
const calls = `
import sys
import numpy as np
from pathlib import Path
from engine.tests.make import samples, write_wav
one, other = samples(Path('samples/jfk.flac')), samples(Path('samples/columbia.opus'))[: 11 * 16_000]
left = np.concatenate([one, np.zeros_like(other)])
right = np.concatenate([np.zeros_like(one), other])
write_wav(Path(sys.argv[1]), np.stack([left + right / 10, right + left / 10], axis=1))
write_wav(Path(sys.argv[2]), np.stack([one, one], axis=1))
`;

test('channels that hear one another have each word once, and channels that are the same are warned of', async () => {
  await using temporary = await openTemporary();
  const [call, same] = ['call.wav', 'same.wav'].map((name) => join(temporary.directory, name)) as [string, string];
  const env = { ...process.env, PYTHONPATH: join(root, 'runner') };
  await promisify(execFile)(engineCommand[0] ?? '', ['-c', calls, call, same], { cwd: root, env });
  const mediaRoots = [{ configured: temporary.directory, path: temporary.directory }];
  await using server = await openTestServer({ server: { engineCommand, modelDirectory, mediaRoots } });
  const split = async (path: string) => {
    const id = await submit(server, { media: { path }, channels: 'SPLIT', language: 'en' });
    await eventsOf(server.url, id);
    const query = `{ job(id: "${id}") { status media { warnings } segments(first: 1000) { edges { node { speaker text } } } } }`;
    const { segments, ...job } = (await server.ask(query)).data.job;
    const said = (speaker: string): string =>
      segments.edges.map(({ node }: any) => (node.speaker === speaker ? node.text : '')).join(' ');
    return { ...job, one: said('1'), other: said('2') };
  };
  const told = await split(call);
  assert.deepEqual([told.status, told.media.warnings], ['COMPLETED', []]);
  assert.match(told.one, /ask not what your country/iu);
  assert.match(told.other, /terrible news and great sadness/iu);
  assert.doesNotMatch(told.other, /ask/iu);
  assert.doesNotMatch(told.one, /news|sadness/iu);
  const warned = await split(same);
  assert.equal(warned.status, 'COMPLETED');
  assert.match(warned.media.warnings.join(' '), /Both channels hold the same sound/u);
});

test('speakers of a conversation are told apart, told again with other bounds, named in every format, and merged', async () => {
  await using temporary = await openTemporary();
  const path = join(temporary.directory, 'talk.wav');
  const env = { ...process.env, PYTHONPATH: join(root, 'runner') };
  await promisify(execFile)(engineCommand[0] ?? '', ['-c', talk, path], { cwd: root, env });
  const mediaRoots = [{ configured: temporary.directory, path: temporary.directory }];
  await using server = await openTestServer({ server: { engineCommand, modelDirectory, mediaRoots } });
  const id = await submit(server, { media: { path }, diarize: true, language: 'en' });
  const events = await eventsOf(server.url, id);
  const kinds = events.map(({ __typename }) => __typename);
  assert.ok(kinds.indexOf('JobSegmentsAdded') < kinds.indexOf('JobTranscriptCleared'));
  assert.deepEqual(kinds.slice(kinds.indexOf('JobTranscriptCleared')), [
    'JobTranscriptCleared',
    'JobSegmentsAdded',
    'JobSpeakersChanged',
    'JobStatusChanged',
  ]);
  const job = async () =>
    (
      await server.ask(`{ job(id: "${id}") {
        status edited media { warnings } options { diarize minSpeakers maxSpeakers } speakers { key label speakingSeconds }
        segments(first: 1000) { edges { node { speaker text words { speaker } } } }
      } }`)
    ).data.job;
  const turnsOf = (told: Awaited<ReturnType<typeof job>>): readonly string[] =>
    told.segments.edges
      .map(({ node }: { node: { speaker: string } }) => node.speaker)
      .filter((speaker: string, at: number, all: readonly string[]) => speaker !== all[at - 1]);
  const told = await job();
  assert.deepEqual([told.status, told.media.warnings, told.edited], ['COMPLETED', [], false]);
  assert.deepEqual(turnsOf(told), ['1', '2', '1', '2']);
  for (const { node } of told.segments.edges) {
    assert.deepEqual([...new Set(node.words.map(({ speaker }: { speaker: string }) => speaker))], [node.speaker]);
  }
  await server.ask(`mutation { renameSpeaker(jobId: "${id}", key: "1", name: "Kennedy") { __typename } }`);
  const detect = async (bounds: string) =>
    (
      await server.ask(
        `mutation { detectSpeakers(jobId: "${id}"${bounds}) { __typename ... on DetectSpeakersSuccess { job { lastEventSeq } } ... on InvalidInputError { field } } }`,
      )
    ).data.detectSpeakers;
  assert.equal((await detect(', minSpeakers: 1, maxSpeakers: 1')).__typename, 'DetectSpeakersSuccess');
  const one = await job();
  assert.deepEqual([one.options.minSpeakers, one.options.maxSpeakers, turnsOf(one)], [1, 1, ['1']]);
  assert.deepEqual(await detect(', minSpeakers: 3, maxSpeakers: 2'), {
    __typename: 'InvalidInputError',
    field: 'minSpeakers',
  });
  assert.equal((await detect('')).__typename, 'DetectSpeakersSuccess');
  // The same bounds make the same transcript, whatever was between them.
  assert.deepEqual((await job()).segments, told.segments);
  await server.ask(`mutation { renameSpeaker(jobId: "${id}", key: "2", name: "Bush & Sons") { __typename } }`);
  const render = async (format: string) =>
    (await server.ask(`{ job(id: "${id}") { transcript(format: ${format}, speakers: true) } }`)).data.job.transcript;
  for (const format of ['TXT', 'SRT', 'VTT', 'JSON', 'ASS', 'CSV', 'HTML'])
    assert.match(await render(format), /Bush &(amp;)? Sons/u, format);
  assert.match(await render('VTT'), /<v Bush &amp; Sons>/u);
  const merge = await server.ask(
    `mutation { mergeSpeakers(jobId: "${id}", keys: ["2"], into: "1") { __typename ... on DetectSpeakersSuccess { job { edited speakers { key } } } } }`,
  );
  assert.deepEqual(merge.data.mergeSpeakers, {
    __typename: 'DetectSpeakersSuccess',
    job: { edited: true, speakers: [{ key: '1' }] },
  });
  assert.deepEqual(turnsOf(await job()), ['1']);
});
