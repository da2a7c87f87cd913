import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixtures/house.ts';
import { smokeTest } from './smoke.ts';

const engineCommand = fixture('smoke');

test('an engine that decodes is ready, and tells its versions', async () => {
  assert.deepEqual(await smokeTest({ engineCommand, modelPath: '/models/good' }), {
    ready: true,
    engine: '0.1.0',
    fasterWhisper: '1.2.1',
    ctranslate2: '4.8.5',
    python: '3.11.9',
    problem: null,
  });
});

test('an engine that says what is wrong is quoted', async () => {
  const health = await smokeTest({ engineCommand, modelPath: '/models/bad' });
  assert.equal(health.ready, false);
  assert.equal(health.problem, 'The processor has no AVX.');
});

test('an engine that does not answer is quoted by the last line of its stderr', async () => {
  const health = await smokeTest({ engineCommand, modelPath: '/models/none' });
  assert.match(health.problem ?? '', /No module named engine/u);
});

test('an engine that is not there is told as such', async () => {
  const health = await smokeTest({ engineCommand: ['/nowhere/python'], modelPath: '/models/good' });
  assert.match(health.problem ?? '', /npm run setup/u);
});
