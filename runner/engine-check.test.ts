import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReady, openTestServer, readyTells, type TestServer } from '#src/testing/server.ts';
import { checkEngine } from './engine-check.ts';
import { fixture } from './fixtures/harness.ts';

const engineCommand = fixture('smoke');
const kindOf = (model: string) =>
  ({ model: { id: model, path: `/models/${model}` }, device: 'cuda', computeType: 'float16', threads: 2 }) as const;

test('an engine that decodes on the device of the jobs is ready, and tells its versions', async () => {
  assert.deepEqual(await checkEngine({ engineCommand, kind: kindOf('good') }), {
    ready: true,
    engine: '0.1.0',
    fasterWhisper: '1.2.1',
    ctranslate2: '4.8.5',
    python: '3.11.9',
    confined: null,
    problem: null,
  });
});

test('an engine that says what is wrong is quoted', async () => {
  const health = await checkEngine({ engineCommand, kind: kindOf('bad') });
  assert.equal(health.ready, false);
  assert.equal(health.problem, 'A CUDA library is not installed.');
});

test('an engine that decodes and hears nothing is not ready', async () => {
  const health = await checkEngine({ engineCommand, kind: kindOf('deaf') });
  assert.equal(health.ready, false);
  assert.match(health.problem ?? '', /does not hear/u);
});

test('an engine that does not answer is quoted by the last line of its stderr', async () => {
  const health = await checkEngine({ engineCommand, kind: kindOf('none') });
  assert.match(health.problem ?? '', /No module named engine/u);
});

test('an engine that is not there is told as such', async () => {
  const health = await checkEngine({ engineCommand: ['/nowhere/python'], kind: kindOf('good') });
  assert.match(health.problem ?? '', /npm run setup/u);
});

const setPower = (server: TestServer, computePower: string) =>
  server.ask(`mutation { setConfig(input: { computePower: ${computePower} }) { __typename } }`);

test('the engine is tried on the device that its jobs will use, and again when that changes', async () => {
  process.env['PATH'] = '/nowhere'; // No nvidia-smi: a machine without a graphics card.
  await using server = await openTestServer();
  await readyTells(server, isReady);
  await setPower(server, 'GPU_ONLY');
  const { problems } = await readyTells(server, ({ status }) => status === 'DEGRADED');
  assert.match(problems.join(), /GPU_ONLY.*no GPU.*nvidia-smi/u);
  await setPower(server, 'CPU_ONLY');
  await readyTells(server, isReady);
});
