import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from '#src/testing/chaos/chaos.ts';
import { recordings } from '#src/testing/recordings.ts';

test('ten kills of servers and engines lose nothing and double nothing for four clients', async () => {
  const sample = recordings().map(({ path }) => path);
  const { kills, jobs, attempts } = await chaos({
    engine: 'twelve-batches',
    recordings: sample,
    rounds: 10,
    seed: 4,
    maxPauseMs: 400,
  });
  assert.equal(kills.server + kills.engine + kills.both, 10);
  assert.ok(attempts > jobs, 'jobs were interrupted and went on');
});
