import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import { eventsOf } from '#src/testing/follow.ts';
import { openProcessHarness } from '#src/testing/process.ts';
import { ask, openTestServer, submit } from '#src/testing/server.ts';

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

test('every address of a file of a job in the README is answered', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const addresses = [...readme.matchAll(/http:\/\/127\.0\.0\.1:4000\/jobs\/job_\.\.\.(?<path>\/[^\s']+)/gu)];
  assert.ok(addresses.length > 3);
  await using server = await openTestServer();
  const id = await submit(server);
  await eventsOf(server.url, id);
  for (const { groups } of addresses) {
    const response = await fetch(`${server.url}/jobs/${id}${groups?.['path']}`, {
      headers: { range: 'bytes=0-65535' },
    });
    assert.equal(response.status, groups?.['path'] === '/media' ? 206 : 200);
    assert.ok((await response.text()).length > 0);
  }
});
