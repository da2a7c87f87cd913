import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { createClient } from 'graphql-ws';
import { openProcessHarness } from '#src/testing/process.ts';
import { ask, openTestServer, submit } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../..');

test('the client of the README goes on from its last event when the server is killed and comes back', async () => {
  await using harness = await openProcessHarness('waits');
  const server = harness.start();
  const { port } = new URL(await server.url);
  const mutation =
    'mutation { transcribe(input: { media: { path: "speech.wav" } }) { ... on TranscribeSuccess { job { id } } } }';
  const { id } = (await ask(await server.url, JSON.stringify({ query: mutation }))).data.transcribe.job;
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () =>
      new Promise((resolve) => {
        setTimeout(resolve, 50);
      }),
  });
  const query =
    'subscription ($id: ID!, $after: SafeInt) { jobEvents(id: $id, after: $after) { __typename seq ... on JobSegmentsAdded { segments { text } } } }';
  const seqs: number[] = [];
  let after = 0;
  const variables = {
    id,
    get after() {
      return after;
    },
  };
  for await (const { data, errors } of client.iterate<any>({ query, variables })) {
    if (errors) throw new Error(errors[0]?.message);
    after = data.jobEvents.seq;
    seqs.push(after);
    if (data.jobEvents.segments?.[0].text !== 'one') continue;
    server.child.kill('SIGKILL');
    await server.ended;
    harness.start({ PHONOGRAPH_LISTEN_PORT: port });
  }
  await client.dispose();
  assert.deepEqual(
    seqs,
    seqs.map((_, index) => index + 1),
  );
  assert.ok(seqs.length > 9);
});

test('the client of the README, which knows nothing of speakers, is told the transcript of a job with diarize', async () => {
  await using server = await openTestServer();
  const id = await submit(server, { diarize: true });
  const program = /```js\n(?<text>import \{ createClient \}.*?)```/su.exec(
    await readFile(join(root, 'README.md'), 'utf8'),
  );
  const text = program?.groups?.['text']
    ?.replace('ws://127.0.0.1:4000', server.url.replace('http', 'ws'))
    .replace('console.log(data.jobEvents)', 'console.log(JSON.stringify(data.jobEvents))')
    .replace('let after', `const id = '${id}';\nlet after`);
  assert.ok(text !== undefined && text.includes(server.url.slice(4)) && text.includes('JSON'));
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', text], { cwd: root });
  let shown: readonly string[] = [];
  let cleared = 0;
  for (const line of stdout.split('\n')) {
    const event = JSON.parse(line);
    if (event.__typename === 'JobTranscriptCleared') [shown, cleared] = [[], cleared + 1];
    if (event.__typename === 'JobSegmentsAdded') shown = [...shown, ...event.segments.map((each: any) => each.text)];
  }
  assert.equal(cleared, 1);
  const { job } = (
    await server.ask(`{ job(id: "${id}") { segments(first: 100) { edges { node { text speaker } } } } }`)
  ).data;
  const nodes = job.segments.edges.map(({ node }: any) => node);
  assert.deepEqual(
    shown,
    nodes.map((node: any) => node.text),
  );
  assert.deepEqual(
    nodes.map((node: any) => node.speaker),
    ['1', '2', '1'],
  );
});
