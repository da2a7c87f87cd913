import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openBreakingLine } from '#src/testing/breaking-line.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { openRecordingServer, serving } from '#src/testing/recording-server.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { jsonLines, phonograph, start } from './run.ts';

const sample = join(import.meta.dirname, '../../../samples/jfk.flac');

/** A folder with recordings of these names; those of different names are different jobs. */
async function placeRecordings(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) await placeRecording(sample, join(folder, name));
}

test('of eight recordings of a folder each has its subtitles beside it, and a pipe gets no bar', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const folder = join(temporary.directory, 'videos');
  const names = Array.from({ length: 8 }, (_, index) => `part ${index}.flac`);
  await placeRecordings(folder, names);
  await writeFile(join(folder, 'notes.txt'), 'not a recording');
  await writeFile(join(folder, 'index.ts'), 'export const notAFilm = 1;');
  const { exitCode, stdout, stderr } = await phonograph(['transcribe', folder], { server: server.url });
  assert.deepEqual([exitCode, stdout], [0, ''], stderr);
  // oxlint-disable-next-line no-control-regex -- a terminal's
  assert.doesNotMatch(stderr, /[\u001B█]/u);
  assert.match(stderr, /8 of 8 done\.\n?$/u);
  const subtitles = (await readdir(folder)).filter((name) => name.endsWith('.srt'));
  assert.deepEqual(subtitles.toSorted(), names.map((name) => name.replace('.flac', '.srt')).toSorted());
  assert.match(await readFile(join(folder, 'part 7.srt'), 'utf8'), /^1\n00:00:00,000 --> [\s\S]*three/u);
  const again = await phonograph(['transcribe', folder], { server: server.url });
  assert.equal(again.exitCode, 0);
  assert.match(again.stderr, /part 7\.srt is there already[\s\S]*8 there already/u);
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 8);
});

test('formats go to a folder or to stdout, and two recordings of one name have a transcript each', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const { directory } = temporary;
  await placeRecordings(directory, ['talk.flac', 'talk.wav']);
  const to = ['--format', 'vtt,txt', '--output', 'out', '--tag', 'two'];
  const both = await phonograph(['transcribe', '.', ...to], { server: server.url, cwd: directory });
  assert.equal(both.exitCode, 0, both.stderr);
  const files = ['talk.flac.txt', 'talk.flac.vtt', 'talk.wav.txt', 'talk.wav.vtt'];
  assert.deepEqual((await readdir(join(directory, 'out'))).toSorted(), files);
  assert.equal((await server.ask('{ jobs(filter: { tag: "two" }) { totalCount } }')).data.jobs.totalCount, 2);
  const printed = await phonograph(['transcribe', 'talk.wav', '-f', 'txt', '-o', '-', '--remove'], {
    server: server.url,
    cwd: directory,
  });
  assert.deepEqual([printed.exitCode, printed.stdout.replaceAll(/\s+/gu, ' ')], [0, 'one two three']);
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 2, 'it was taken off the server');
});

test('with --json all that is told is a line each: what is sent, each event once and in order, what was written', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  await placeRecordings(temporary.directory, ['talk.flac']);
  const { exitCode, stdout, stderr } = await phonograph(['transcribe', 'talk.flac', '--json'], {
    server: server.url,
    cwd: temporary.directory,
  });
  assert.deepEqual([exitCode, stderr], [0, '']);
  const lines = jsonLines(stdout);
  assert.deepEqual([lines[0].type, lines.at(-1).type], ['sending', 'written']);
  const events = lines.filter(({ type }) => type === 'event').map(({ event }) => event);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    events.flatMap(({ segments = [] }) => segments.map(({ text }: any) => text)),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(lines.at(-1).paths, [join(temporary.directory, 'talk.srt')]);
});

test('what fails is told with its reason and by the exit code, and the rest is done', async () => {
  await using server = await openTestServer({ engine: 'refuses' });
  await using temporary = await openTemporary();
  await placeRecordings(temporary.directory, ['talk.flac']);
  await writeFile(join(temporary.directory, 'empty.wav'), '');
  const { exitCode, stderr } = await phonograph(['transcribe', temporary.directory], { server: server.url });
  assert.equal(exitCode, 1);
  assert.match(stderr, /empty\.wav: failed\. The upload has no bytes/u);
  assert.match(stderr, /talk\.flac: failed\. The file has no audio stream\./u);
  const nothing = await phonograph(['transcribe', 'nowhere.mp3'], { server: server.url });
  assert.deepEqual(
    [nothing.exitCode, nothing.stderr],
    [1, 'phonograph: nowhere.mp3 cannot be read: there is no such file.'],
  );
});

test('a server that dies in the middle and comes back is waited for, and no event is lost or comes twice', async () => {
  await using harness = await openProcessHarness('twelve-batches');
  const first = harness.start();
  const url = await first.url;
  const folder = join(harness.directory, 'here');
  await placeRecordings(folder, ['talk.flac', 'other.flac']);
  const run = start(['transcribe', folder, '--json'], { server: url });
  let second: ReturnType<typeof harness.start> | undefined;
  const lines: any[] = [];
  for await (const line of run) {
    lines.push(JSON.parse(line));
    if (second !== undefined || lines.at(-1).event?.__typename !== 'JobSegmentsAdded') continue;
    first.child.kill('SIGKILL');
    await first.ended;
    second = harness.start({ PHONOGRAPH_LISTEN_PORT: new URL(url).port });
    await second.url;
  }
  assert.equal((await run).exitCode, 0);
  assert.equal(lines.filter(({ type }) => type === 'written').length, 2);
  for (const recording of ['talk.flac', 'other.flac'].map((name) => join(folder, name))) {
    const events = lines.filter((line) => line.type === 'event' && line.recording === recording);
    assert.deepEqual(
      events.map(({ event }) => event.seq),
      events.map((_, index) => index + 1),
    );
    assert.match(await readFile(recording.replace('.flac', '.srt'), 'utf8'), /and 11 again/u);
  }
});

test('a recording that is given by its address is fetched by the server, and its subtitles are called after it', async () => {
  await using source = await openRecordingServer(serving(await readFile(sample)));
  await using server = await openTestServer({ server: { urlAllowedCidrs: ['127.0.0.1/32'] } });
  await using temporary = await openTemporary();
  const { exitCode, stderr } = await phonograph(['transcribe', `${source.origin}/talks/first%20talk.flac?key=1`], {
    server: server.url,
    cwd: temporary.directory,
  });
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(await readdir(temporary.directory), ['first talk.srt']);
});

test('over a line that breaks again and again a recording is sent once, and not a part of it twice', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  await placeRecordings(temporary.directory, ['talk.flac']);
  await using line = await openBreakingLine(server.url, 400_000);
  const { exitCode, stdout, stderr } = await phonograph(['transcribe', 'talk.flac', '--json'], {
    server: line.url,
    cwd: temporary.directory,
  });
  assert.equal(exitCode, 0, stderr);
  assert.ok(line.breaks() > 0, 'it broke');
  assert.equal(jsonLines(stdout).at(-1).type, 'written');
  const { media } = (await server.ask('{ jobs { edges { node { media { bytes } } } } }')).data.jobs.edges[0].node;
  assert.equal(media.bytes, (await stat(sample)).size);
});

test('a call that is repeated after an interruption sends what had not arrived, and no more', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  await placeRecordings(temporary.directory, ['talk.flac']);
  await using line = await openBreakingLine(server.url, 400_000);
  const call = { server: line.url, cwd: temporary.directory, env: { XDG_STATE_HOME: temporary.directory } };
  const first = start(['transcribe', 'talk.flac', '--json'], call);
  while (line.breaks() === 0) await setImmediate();
  first.kill('SIGTERM');
  assert.equal((await first).exitCode, 130);
  const { exitCode, stdout, stderr } = await phonograph(['transcribe', 'talk.flac', '--json'], call);
  assert.equal(exitCode, 0, stderr);
  const [begun] = jsonLines(stdout);
  assert.ok(begun.type === 'sending' && begun.sentBytes > 0, stdout);
});

test('what is under way is no matter of others, and where it cannot be written down a recording is sent all the same', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const { directory } = temporary;
  await placeRecordings(directory, ['talk.flac', 'plain.flac']);
  await writeFile(join(directory, 'no folder'), '');
  const remembered = join(directory, 'state/phonograph/uploads');
  const transcribe = async (recording: string, state: string) => {
    const env = { XDG_STATE_HOME: join(directory, state) };
    const { exitCode, stderr } = await phonograph(['transcribe', recording], {
      server: server.url,
      cwd: directory,
      env,
    });
    assert.equal(exitCode, 0, stderr);
  };
  await transcribe('talk.flac', 'no folder');
  await transcribe('plain.flac', 'state');
  assert.deepEqual(await readdir(remembered), [], 'what has arrived is forgotten');
});

test('without a server one is started, and ends with the command; its jobs are there for the next', async () => {
  await using harness = await openProcessHarness('speaks');
  await cp(sample, join(harness.directory, 'talk.flac'));
  // A port that was free a moment ago, as the configured one of a user is.
  const probe = await openTestServer();
  const { port } = new URL(probe.url);
  await probe[Symbol.asyncDispose]();
  const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: port };
  const { exitCode, stderr } = await phonograph(['transcribe', 'talk.flac'], { cwd: harness.directory, env });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^No server runs here: starting one\./u);
  assert.match(await readFile(join(harness.directory, 'talk.srt'), 'utf8'), /three/u);
  assert.deepEqual(harness.children(), []);
  const jobs = await phonograph(['jobs', '--json'], { env });
  assert.deepEqual(
    jsonLines(jobs.stdout).map(({ status }) => status),
    ['COMPLETED'],
  );
  assert.deepEqual(harness.children(), []);
});

test('a server that is named and not there, and a key that is missing, have exit codes of their own', async () => {
  const { exitCode, stderr } = await phonograph(['jobs', '--server', 'http://127.0.0.1:9']);
  assert.equal(exitCode, 69);
  assert.match(stderr, /^phonograph: No server answers at http:\/\/127\.0\.0\.1:9\..*phonograph serve$/u);
  await using server = await openTestServer();
  await server.ask('mutation { createApiKey(input: { name: "a", role: ADMIN }) { __typename } }');
  const reader = await phonograph(['jobs'], { server: server.url });
  assert.deepEqual([reader.exitCode, /PHONOGRAPH_API_KEY/u.test(reader.stderr)], [77, true], reader.stderr);
  assert.equal((await phonograph(['transcribe'], { server: server.url })).exitCode, 64);
});

test('speakers are told apart where that is asked for, and stand in what is written', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const { directory } = temporary;
  await placeRecordings(directory, ['talk.flac', 'plain.flac']);
  const run = (...args: readonly string[]) =>
    phonograph(['transcribe', ...args], { server: server.url, cwd: directory });
  const told = await run('talk.flac', '--speakers', '2', '-f', 'txt,vtt', '-o', 'out');
  assert.equal(told.exitCode, 0, told.stderr);
  assert.match(await readFile(join(directory, 'out/talk.txt'), 'utf8'), /Speaker 1: one\s+Speaker 2: two/u);
  assert.match(await readFile(join(directory, 'out/talk.vtt'), 'utf8'), /<v Speaker 2>two/u);
  const bounds = (await server.ask('{ jobs { edges { node { options { diarize minSpeakers maxSpeakers } } } } }')).data;
  assert.deepEqual(bounds.jobs.edges[0].node.options, { diarize: true, minSpeakers: 2, maxSpeakers: 2 });
  const any = await run('talk.flac', '--speakers', '-f', 'txt', '-o', '-');
  assert.match(any.stdout, /Speaker 2: two/u);
  const plain = await run('plain.flac', '-f', 'txt', '-o', '-');
  assert.doesNotMatch(plain.stdout, /Speaker/u);
  for (const count of ['0', 'many']) assert.notEqual((await run('talk.flac', '--speakers', count)).exitCode, 0, count);
});
