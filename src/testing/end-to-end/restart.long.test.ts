import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { followThrough } from '#src/testing/follow-through.ts';
import { untilEvent, wsClient } from '#src/testing/follow.ts';
import { openProcessHarness, type ProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

const restart = 'mutation { restart { __typename ... on RestartSuccess { server { startedAt status } } } }';
const look = '{ server { startedAt queue { slots } } }';
const send = (url: string, query: string) => ask(url, JSON.stringify({ query }));

/** Writes a config.json of the harness's own with changed settings. */
async function configure(harness: ProcessHarness, change: (config: any) => void): Promise<string> {
  const file = join(harness.directory, 'config.json');
  const config = JSON.parse(await readFile(join(import.meta.dirname, '../../../config.json'), 'utf8'));
  change(config);
  await writeFile(file, JSON.stringify(config));
  return file;
}

test('a restart is answered, reads the settings anew, and jobs and their followers go on where they were', async () => {
  await using harness = await openProcessHarness('twelve-batches 200');
  const file = await configure(harness, () => undefined);
  const server = harness.start({ PHONOGRAPH_CONFIG: file });
  const url = await server.url;
  const before = (await send(url, look)).data.server;
  assert.equal(before.queue.slots, 1);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  // One that does not introduce itself is closed within 3 s.
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  const closed = once(socket, 'close');
  const id = await submitTo(url);
  const events = Array.fromAsync(followThrough(url, id, { signal: AbortSignal.timeout(60_000) }));
  await untilEvent(url, id, ({ segments }) => segments !== undefined);
  await configure(harness, ({ transcription }) => (transcription.numJobs = 3));
  const { data } = await send(url, restart);
  assert.deepEqual(data.restart.server.startedAt, before.startedAt, 'answered before it begins');
  assert.equal((await closed)[0], 1001);
  const seen = await events;
  assert.deepEqual(
    seen.flatMap(({ status }) => status ?? []),
    ['QUEUED', 'WORKING', 'QUEUED', 'WORKING', 'COMPLETED'],
  );
  assert.deepEqual(
    seen.flatMap(({ segments = [] }) => segments.map(({ index }) => index)),
    Array.from({ length: 24 }, (_, index) => index),
  );
  const after = (await send(url, look)).data.server;
  assert.equal(after.queue.slots, 3);
  assert.notEqual(after.startedAt, before.startedAt);
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.ended, { code: 0, stderr: '' });
});

test('with settings that have become wrong a restart is refused and nothing happens', async () => {
  await using harness = await openProcessHarness('waits');
  const file = await configure(harness, () => undefined);
  const server = harness.start({ PHONOGRAPH_CONFIG: file });
  const url = await server.url;
  const id = await submitTo(url);
  await untilEvent(url, id, ({ segments }) => segments !== undefined);
  await configure(harness, ({ server: settings }) => (settings.maxUploadBytes = 'many'));
  const { errors } = await send(url, restart);
  assert.equal(errors?.[0]?.extensions['code'], 'SERVICE_UNAVAILABLE');
  assert.match(errors?.[0]?.message ?? '', /maxUploadBytes/u);
  assert.equal((await send(url, `{ job(id: "${id}") { status } }`)).data.job.status, 'WORKING');
});

test('a server that cannot start with its new settings goes on with those before', async () => {
  await using harness = await openProcessHarness('twelve-batches 200');
  const file = await configure(harness, (config) => (config.server.dataDirectory = join(harness.directory, 'data')));
  const server = harness.start({ PHONOGRAPH_CONFIG: file, PHONOGRAPH_DATA_DIRECTORY: undefined });
  const url = await server.url;
  const id = await submitTo(url);
  await untilEvent(url, id, ({ segments }) => segments !== undefined);
  await configure(harness, (config) => (config.server.dataDirectory = harness.media));
  await writeFile(join(harness.media, 'phonograph.db'), 'Dear diary, '.repeat(1000));
  const client = wsClient(url);
  const answers = await Array.fromAsync(client.iterate<any>({ query: restart }));
  assert.equal(answers[0]?.data?.restart.__typename, 'RestartSuccess', 'over a socket it is answered too');
  await client.dispose();
  const seen = await Array.fromAsync(followThrough(url, id, { signal: AbortSignal.timeout(60_000) }));
  assert.equal(seen.filter(({ status }) => status === 'WORKING').length, 2, 'it was restarted');
  assert.equal(seen.at(-1)?.status, 'COMPLETED');
  const { data } = await send(url, '{ logs(filter: { level: ERROR }, first: 1000) { edges { node { event } } } }');
  const told = data.logs.edges.map(({ node }: any) => node.event);
  assert.deepEqual(told, ['server not started with the new settings, going on with those before']);
});
