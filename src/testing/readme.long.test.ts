import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import { openProcessHarness } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

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
