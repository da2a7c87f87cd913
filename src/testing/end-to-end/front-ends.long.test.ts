import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSocket } from '#clients/js/resuming.ts';
import { followByApolloSse, followByPackage, followByRelay, type Followed } from '#src/testing/front-ends/followers.ts';
import { type Heard, listenTo, listenToProgram, type Listener } from '#src/testing/front-ends/listen.ts';
import {
  compileExamples,
  compileForRelay,
  type FrontEndProject,
  openFrontEndProject,
} from '#src/testing/front-ends/project.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../../..');

/** Those that follow a job that is there, and those of the examples that send a recording and follow its job. */
async function startAll(project: FrontEndProject, job: Followed): Promise<readonly Listener[]> {
  const { url, id, signal } = job;
  const [artifact] = await Promise.all([compileForRelay(project), compileExamples(project)]);
  const page = (name: string, file: string) => {
    const address = `http://localhost:5173/?${new URLSearchParams({ server: url, job: id })}`;
    const runner = join(root, 'src/testing/front-ends/page.ts');
    return listenToProgram(name, [process.execPath, runner, join(project.directory, file), address], signal);
  };
  const recording = join(root, 'samples/jfk.flac');
  const example = (name: string, program: string, file: string) =>
    listenToProgram(name, [program, join(project.directory, file), recording, url], signal);
  return [
    listenTo('package', () => followByPackage(job)),
    listenTo('Apollo by SSE', () => followByApolloSse(job)),
    listenTo('Relay', () => followByRelay(artifact)(job)),
    page('Apollo and React', 'built/apollo-react/main.js'),
    page('urql', 'built/urql/main.js'),
    page('EventSource', 'examples/event-source/index.html'),
    example('Node', process.execPath, 'built/node/transcribe.js'),
    example('Python', join(root, '.venv/bin/python'), 'examples/python/follow.py'),
    example('curl', 'bash', 'examples/curl/follow.sh'),
  ];
}

test('every client hears each segment once, though the server is killed three times amid the job', async (t) => {
  await using project = await openFrontEndProject();
  const told = join(project.directory, 'told');
  const say = (batches: number) => writeFile(told, String(batches));
  await say(0);
  await using harness = await openProcessHarness(`as-told ${told}`);
  let server = harness.start({ PHONOGRAPH_NUM_JOBS: '4' });
  const url = await server.url;
  const environment = { PHONOGRAPH_NUM_JOBS: '4', PHONOGRAPH_LISTEN_PORT: new URL(url).port };
  const id = await submitTo(url);
  const leave = new AbortController();
  t.after(() => leave.abort());
  const listeners = await startAll(project, { url, id, signal: leave.signal });
  const untilAll = (index: number) => Promise.all(listeners.map((listener) => listener.until(index)));

  await say(1);
  await untilAll(1);

  for (const batches of [4, 7, 10]) {
    await say(batches);
    // As soon as one has the first of three batches; the others are somewhere.
    await Promise.race(listeners.map((listener) => listener.until(2 * (batches - 3))));
    server.child.kill('SIGKILL');
    await server.ended;
    server = harness.start(environment);
    await untilAll(2 * batches - 1);
  }
  await say(12);
  await Promise.all(listeners.map(({ ended }) => ended));

  const query =
    '{ jobs(first: 4) { totalCount edges { node { status segments(first: 1000) { edges { node { index text } } } } } } }';
  const { jobs } = (await ask(url, JSON.stringify({ query }))).data;
  assert.equal(jobs.totalCount, 4);
  const [stored, ...others] = jobs.edges.map(({ node: { status, segments } }: any) => {
    assert.equal(status, 'COMPLETED');
    return segments.edges.map(({ node: { index, text } }: any) => [index, text]);
  });
  for (const other of others) assert.deepEqual(other, stored, 'the engine says the same of every recording');
  assert.deepEqual(
    stored.map(([index]: Heard) => index),
    Array.from({ length: 24 }, (_, index) => index),
  );
  for (const { name, heard } of listeners) assert.deepEqual(heard, stored, name);
});

test('a client notices that the other end of its connection is silent, and goes on with another connection', async (t) => {
  await using harness = await openProcessHarness('twelve-batches 100');
  const server = harness.start();
  const url = await server.url;
  const id = await submitTo(url);
  const closed = Promise.withResolvers<void>();
  const socket = openSocket({
    url: `${url.replace('http', 'ws')}/graphql`,
    keepAlive: 200,
    on: { closed: () => closed.resolve() },
  });
  t.after(() => socket.dispose());
  const query = 'subscription ($id: ID!, $after: SafeInt) { jobEvents(id: $id, after: $after) { seq __typename } }';
  const seqs: unknown[] = [];
  for await (const { data } of socket.iterate<{ jobEvents: { seq: number } }>({ query, variables: { id } })) {
    seqs.push(data?.jobEvents.seq);
    if (seqs.length !== 6) continue;
    server.child.kill('SIGSTOP');
    await closed.promise;
    server.child.kill('SIGCONT');
  }
  assert.ok(seqs.length > 20, `${seqs.length} events`);
  assert.deepEqual(
    seqs,
    seqs.map((_, index) => index + 1),
  );
});
