import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from '#src/testing/chaos/chaos.ts';
import { recordings } from '#src/testing/recordings.ts';

test('kills of servers and engines change no word of real speech', async () => {
  const sample = recordings().map(({ path }) => path);
  const { jobs, attempts, worstOutlivedMs } = await chaos({
    engine: null,
    recordings: sample,
    rounds: 2,
    seed: 1,
    maxPauseMs: 2000,
  });
  assert.ok(worstOutlivedMs <= 2000, `an engine outlived its killed server by ${worstOutlivedMs} ms`);
  assert.ok(attempts > jobs, 'jobs were interrupted and went on');
});
