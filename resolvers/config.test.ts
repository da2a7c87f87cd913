import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestServer, type TestServer } from '#src/testing/server.ts';

const fields = 'id mode computePower numJobs language wordTimestamps vad retentionDays paused updatedAt';
const mutation = `mutation ($input: ConfigInput!) {
  setConfig(input: $input) {
    __typename
    ... on SetConfigSuccess { config { ${fields} } }
    ... on InvalidInputError { field }
    ... on ModelNotInstalledError { modelId }
    ... on Error { code hint }
  }
}`;

const set = async (server: TestServer, input: object) => (await server.ask(mutation, { input })).data.setConfig;
const get = async (server: TestServer) => (await server.ask(`{ config { ${fields} } }`)).data.config;

test('settings are those of config.json until setConfig changes them, and outlive a restart', async () => {
  await using server = await openTestServer();
  const before = await get(server);
  assert.deepEqual(before, {
    id: 'config',
    mode: 'COMPACT',
    computePower: 'AUTO',
    numJobs: 1,
    language: null,
    wordTimestamps: false,
    vad: true,
    retentionDays: null,
    paused: false,
    updatedAt: null,
  });
  const { config } = await set(server, { numJobs: 3, language: 'de', vad: false });
  assert.deepEqual([config.numJobs, config.language, config.vad, config.mode], [3, 'de', false, 'COMPACT']);
  await server.again();
  const { updatedAt, ...after } = await get(server);
  assert.deepEqual({ ...after, updatedAt: null }, { ...before, numJobs: 3, language: 'de', vad: false });
  assert.ok(Date.parse(updatedAt) > 0);
  assert.ok(
    server.logs.some(({ event }) => event === 'settings overridden'),
    'told at start',
  );
});

test('null goes back to config.json, except that null as language means: detect', async () => {
  await using server = await openTestServer();
  await set(server, { numJobs: 3, language: 'de', wordTimestamps: true });
  const before = (await get(server)).updatedAt;
  const { config } = await set(server, { numJobs: null, language: null, wordTimestamps: null });
  assert.ok(config.updatedAt > before);
  assert.deepEqual([config.numJobs, config.language, config.wordTimestamps], [1, null, false]);
});

test('a value that is not allowed is refused and nothing is changed', async () => {
  await using server = await openTestServer();
  assert.equal((await set(server, { numJobs: 0, vad: false })).field, 'input.numJobs');
  assert.equal((await set(server, { numJobs: 17 })).field, 'input.numJobs');
  assert.equal((await set(server, { language: 'xx', vad: false })).field, 'input.language');
  assert.equal((await set(server, { mode: 'HIGH_ACCURACY', vad: false })).modelId, 'large-v2');
  assert.equal((await get(server)).vad, true);
  const { errors } = await server.ask(mutation, { input: { mode: 'FASTEST' } });
  assert.equal(errors?.[0]?.extensions['code'], 'BAD_USER_INPUT');
});

test('numJobs holds at once', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  for (let count = 0; count < 2; count += 1) {
    await server.ask('mutation { transcribe(input: { media: { path: "speech.wav" } }) { __typename } }');
  }
  await set(server, { numJobs: 2 });
  let working = 0;
  while (working < 2) ({ working } = (await server.ask('{ server { queue { working } } }')).data.server.queue);
});

test('configOptions tells what can be chosen', async () => {
  await using server = await openTestServer();
  const { data } = await server.ask(`{ configOptions {
    limits { maxUploadBytes maxDurationSeconds maxQueued } computePower formats numJobs { min max default }
    modes { mode model gpuBatchSize cpuBatchSize gpuComputeType cpuComputeType installed description } languages { code name }
  } }`);
  const { configOptions: options } = data;
  assert.equal(options.limits.maxDurationSeconds, 86_400);
  assert.deepEqual(options.numJobs, { min: 1, max: 16, default: 1 });
  assert.deepEqual(options.formats, ['TXT', 'SRT', 'VTT', 'TSV', 'JSON', 'ASS', 'LRC', 'CSV', 'HTML']);
  const modes = options.modes.map(({ description, ...mode }: { description: string }) => Object.values(mode));
  assert.deepEqual(modes, [
    ['HIGH_ACCURACY', 'large-v2', 16, 4, 'float16', 'int8', false],
    ['LOW_LATENCY', 'medium', 16, 4, 'float16', 'int8', false],
    ['TURBO', 'large-v3-turbo', 16, 4, 'float16', 'int8', false],
    ['COMPACT', 'base', 8, 3, 'float16', 'int8', true],
  ]);
  assert.equal(options.languages.length, 100);
  assert.ok(options.languages.some(({ code, name }: any) => code === 'jw' && name === 'Javanese'));
});
