import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './fixtures/harness.ts';
import { gpuReader } from './gpu.ts';

test('the cards are told as their driver tells them, and what it does not tell is left open', async () => {
  const mebibyte = 1024 * 1024;
  assert.deepEqual(await gpuReader(fixture('nvidia-smi'))(), [
    {
      index: 0,
      name: 'NVIDIA H200',
      memoryTotalBytes: 143_771 * mebibyte,
      memoryUsedBytes: 1024 * mebibyte,
      utilization: 0.37,
      temperatureCelsius: 41,
    },
    {
      index: 1,
      name: 'NVIDIA A10G, 24 GB',
      memoryTotalBytes: 24_576 * mebibyte,
      memoryUsedBytes: 0,
      utilization: 0,
      temperatureCelsius: null,
    },
  ]);
});

test('without a driver there is no card, and no error', async () => {
  assert.deepEqual(await gpuReader(['/nowhere/nvidia-smi'])(), []);
});

test('a driver that fails has no card', async () => {
  assert.deepEqual(
    await gpuReader([process.execPath, '-e', 'console.log("0, 1, 1, 1, 1, Card"); process.exitCode = 9'])(),
    [],
  );
});

test('askers at the same time share one answer', async () => {
  const read = gpuReader(fixture('nvidia-smi'));
  assert.equal(await read(), await read());
});
