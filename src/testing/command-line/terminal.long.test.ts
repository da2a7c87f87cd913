import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer, type TestServer, type TestServerOptions } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { openTestTerminal } from './terminal.ts';

const root = join(import.meta.dirname, '../../..');

/** A server, and a folder with these recordings in whose terminal the command runs. */
async function openScene(stack: AsyncDisposableStack, options: TestServerOptions, names = ['talk.flac']) {
  const server = stack.use(await openTestServer(options));
  const { directory } = stack.use(await openTemporary());
  for (const name of names) await placeRecording(join(root, 'samples/jfk.flac'), join(directory, name));
  const runIn = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    openTestTerminal(args, { cwd: directory, env: { PHONOGRAPH_URL: server.url, ...env } });
  const run = (...args: readonly string[]) => runIn({}, ...args);
  return { server, run, runIn };
}

const slowly = (pauseMs: number): TestServerOptions => ({
  server: {
    engineCommand: [process.execPath, join(root, 'runner/fixtures/checked.ts'), 'twelve-batches', String(pauseMs)],
  },
});

const statusOf = async (server: TestServer) =>
  (await server.ask('{ jobs { edges { node { status } } } }')).data.jobs.edges.map(({ node }: any) => node.status);

test('on a terminal a bar shows how far it is, the words come live, and both survive a change of its width', async () => {
  await using stack = new AsyncDisposableStack();
  const { run } = await openScene(stack, slowly(200));
  const terminal = run('transcribe', 'talk.flac');
  await terminal.until((text) => /talk\.flac {2}█+░+ +\d+ % {2}transcribing {2}ETA 0:0\d/u.test(text));
  terminal.resize(50);
  await terminal.until((text) => text.includes('and 8 again'));
  terminal.resize(100);
  const { exitCode, text } = await terminal.ended;
  assert.equal(exitCode, 0, text);
  const said = text.split('\n').filter((line) => line.startsWith('['));
  assert.equal(said[0], '[0:00 - 0:03]  sentence 0');
  assert.equal(said.length, 24, text);
  assert.doesNotMatch(text, /[█░]/u, 'the bar is gone, and has left nothing behind');
  assert.match(text, /talk\.flac: .+talk\.srt$/u);
});

test('several recordings have a bar each, with what was said last, and a line about all of them', async () => {
  await using stack = new AsyncDisposableStack();
  const { run } = await openScene(stack, slowly(100), ['one.flac', 'two.flac', 'three.flac']);
  const terminal = run('transcribe', '.');
  await terminal.until(
    (text) => /\w+\.flac {2}█[^\n]+\n {2}(?:sentence|and) \d+/u.test(text) && text.includes('0 of 3 done'),
  );
  const { exitCode, text } = await terminal.ended;
  assert.equal(exitCode, 0);
  assert.doesNotMatch(text, /[█░]/u);
  assert.match(text, /3 of 3 done\.$/u);
});

test('Ctrl-C asks: Enter goes on, n leaves the job to the server, y cancels it', async () => {
  await using stack = new AsyncDisposableStack();
  const { server, run } = await openScene(stack, { engine: 'waits' });
  const first = run('transcribe', 'talk.flac');
  await first.until((text) => text.includes('two'));
  first.type('\u0003');
  await first.until((text) => text.includes('Cancel the job? y: cancel, n: end and leave it, Enter: go on'));
  first.type('\r');
  await first.until((text) => /transcribing/u.test(text.split('Enter: go on').at(-1) ?? ''));
  first.type('\u0003');
  await first.until((text) => text.split('Cancel the job?').length === 3);
  first.type('n\r');
  const left = await first.ended;
  assert.equal(left.exitCode, 130);
  assert.match(left.text, /Interrupted\. What is left goes on without this program\.$/u);
  assert.deepEqual(await statusOf(server), ['WORKING']);
  const second = run('transcribe', 'talk.flac');
  await second.until((text) => text.includes('two'));
  second.type('\u0003');
  await second.until((text) => text.includes('Cancel the job?'));
  second.type('y\r');
  const { exitCode, text } = await second.ended;
  assert.equal(exitCode, 130, text);
  assert.match(text, /talk\.flac: cancelled/u);
  assert.deepEqual(await statusOf(server), ['CANCELLED'], 'the second call was led to the job of the first');
});

test('a question to which nobody answers is no reason to stay: SIGTERM ends it', async () => {
  await using stack = new AsyncDisposableStack();
  const { run } = await openScene(stack, { engine: 'waits' });
  const terminal = run('transcribe', 'talk.flac');
  await terminal.until((text) => text.includes('two'));
  terminal.type('\u0003');
  await terminal.until((text) => text.includes('Cancel the job?'));
  terminal.terminate();
  const { exitCode, text } = await terminal.ended;
  assert.equal(exitCode, 130);
  assert.match(text, /Interrupted\. What is left goes on without this program\.$/u);
});

test('a terminal that obeys nothing, or does not tell its width, gets plain lines', async () => {
  await using stack = new AsyncDisposableStack();
  const { runIn } = await openScene(stack, {});
  for (const env of [{ TERM: 'dumb' }, { COLUMNS: '0' }]) {
    const { exitCode, text } = await runIn(env, 'transcribe', 'talk.flac', '--overwrite').ended;
    assert.equal(exitCode, 0);
    assert.match(text.replaceAll('\n', ''), /^talk\.flac: \S+talk\.srt$/u);
  }
});
