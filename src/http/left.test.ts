import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { added, claimed, newBatch } from '#src/store/contract/samples.ts';
import { wsClient } from '#src/testing/follow.ts';
import { openHttpServer } from '#src/testing/http-server.ts';

const query = '{ jobs(first: 20) { edges { node { transcript } } } }';

/** A server with a transcript of 2,000 segments, which is read in 40 parts, and how many of them were read. */
async function openLongTranscript() {
  const server = await openHttpServer();
  await added(server.store);
  const { lease } = await claimed(server.store);
  for (let batch = 0; batch < 20; batch += 1) {
    await server.store.appendBatch(lease, newBatch(Array.from({ length: 100 }, (_, at) => `word ${at}`)));
  }
  const segments = server.store.segments.bind(server.store);
  const reading = { parts: 0, first: Promise.withResolvers<void>(), goOn: Promise.withResolvers<void>() };
  server.store.segments = async (...args) => {
    reading.parts += 1;
    reading.first.resolve();
    await reading.goOn.promise;
    return segments(...args);
  };
  return { server, reading, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test('nothing more is read for a client that has left, over HTTP', async () => {
  await using fixture = await openLongTranscript();
  const { server, reading } = fixture;
  const controller = new AbortController();
  const asked = fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: controller.signal,
  });
  await reading.first.promise;
  controller.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  reading.goOn.resolve();
  for (let turn = 0; turn < 400; turn += 1) await nextTurn();
  assert.ok(reading.parts < 10, `${reading.parts} of 40 parts were read`);
});

test('nothing more is read for a client that has left, over WebSocket', async () => {
  await using fixture = await openLongTranscript();
  const { server, reading } = fixture;
  const client = wsClient(server.url);
  const asked = Array.fromAsync(client.iterate({ query }));
  await reading.first.promise;
  client.terminate();
  await Promise.allSettled([asked]);
  reading.goOn.resolve();
  for (let turn = 0; turn < 400; turn += 1) await nextTurn();
  assert.ok(reading.parts < 10, `${reading.parts} of 40 parts were read`);
  await client.dispose();
});

test('whoever stays gets all of it', async () => {
  await using fixture = await openLongTranscript();
  fixture.reading.goOn.resolve();
  const response = await fetch(`${fixture.server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data }: any = await response.json();
  assert.equal(data.jobs.edges[0].node.transcript.match(/word \d+/gu).length, 2000);
  assert.equal(fixture.reading.parts, 40);
});
