import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#src/config/config.ts';
import type { Claim } from '#src/store/work.ts';
import { type JobLine, requestFor } from './engine-request.ts';
import { claimOf } from './fixtures/claim.ts';

const config = readConfig(join(import.meta.dirname, '..'), {});
const file = { path: '/proc/1/fd/9', device: '2049', inode: '77', bytes: 1 };
const machine = { hasGpu: false, hasModel: true, cores: 8, numJobs: 3, file };

function lineFor(claim: Claim, on = machine): JobLine {
  const order = requestFor(claim, config, on);
  assert.ok(order.kind === 'START');
  return order.line;
}

test('the job line says all that an engine needs, as PROTOCOL.md has it', () => {
  const options = {
    task: 'TRANSLATE',
    channels: 'SPLIT',
    language: 'de',
    clip: { startSeconds: 3, endSeconds: null },
    track: null,
  } as const;
  assert.deepEqual(lineFor(claimOf({ options })), {
    protocol: 1,
    job: 'job_test',
    attempt: 1,
    media: { ...file, name: 'speech.wav' },
    model: { id: 'base', path: join(config.server.modelDirectory, 'base') },
    device: 'cpu',
    computeType: 'int8',
    threads: 2,
    batchSize: 3,
    options: {
      language: 'de',
      multilingual: false,
      task: 'translate',
      wordTimestamps: false,
      vad: true,
      channels: 'split',
      initialPrompt: null,
      hotwords: null,
      beamSize: 5,
      clip: { startSeconds: 3, endSeconds: null },
      track: null,
      diarize: false,
    },
    limits: { maxDurationSeconds: 86_400 },
    resume: null,
  });
});

/** computePower, whether there is a GPU, and what comes of it. */
const devices = [
  ['AUTO', false, 'cpu int8 3'],
  ['AUTO', true, 'cuda float16 8'],
  ['CPU_ONLY', true, 'cpu int8 3'],
  ['GPU_ONLY', true, 'cuda float16 8'],
  ['GPU_ONLY', false, 'GPU_UNAVAILABLE'],
] as const;

for (const [computePower, hasGpu, expected] of devices) {
  test(`${computePower} ${hasGpu ? 'with' : 'without'} a GPU: ${expected}`, () => {
    const order = requestFor(claimOf({ options: { computePower } }), config, { ...machine, hasGpu });
    const told =
      order.kind === 'REFUSE'
        ? order.failure.code
        : `${order.line.device} ${order.line.computeType} ${order.line.batchSize}`;
    assert.equal(told, expected);
  });
}

test('every engine has a thread, however many share the cores', () => {
  assert.equal(lineFor(claimOf({}), { ...machine, numJobs: 100 }).threads, 1);
});

test('an engine goes on from the checkpoint of the job', () => {
  const resume = { batch: 4, clip: 12, sample: 99, language: 'en' };
  assert.deepEqual(lineFor(claimOf({ checkpoint: { batch: 4, resume } })).resume, resume);
});

test('what is no checkpoint is none', () => {
  assert.equal(lineFor(claimOf({ checkpoint: 'soup' })).resume, null);
});

test('a model that is not there is refused', () => {
  const order = requestFor(claimOf({}), config, { ...machine, hasModel: false });
  assert.equal(order.kind === 'REFUSE' && order.failure.code, 'MODEL_NOT_FOUND');
});
