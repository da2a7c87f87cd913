import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from '#src/testing/chaos/chaos.ts';
import { tellingChaos } from '#src/testing/chaos/telling.ts';
import { webhookChaos } from '#src/testing/chaos/webhooks.ts';
import { recordings } from '#src/testing/recordings.ts';

test('four kills of servers and engines lose nothing and double nothing for four clients', async () => {
  const sample = recordings().map(({ path }) => path);
  const { kills, jobs, attempts } = await chaos({
    engine: 'twelve-batches',
    recordings: sample,
    rounds: 4,
    seed: 4,
    maxPauseMs: 400,
  });
  assert.equal(kills.server + kills.engine + kills.both, 4);
  assert.ok(attempts > jobs, 'jobs were interrupted and went on');
});

test('two kills between the end of a job and the arrival of its message lose no message, and tell of no end that was not', async () => {
  const { jobs, received, unsent, unanswered } = await webhookChaos({ kills: 2, seed: 4 });
  assert.deepEqual([jobs, unsent + unanswered], [4, 2]);
  assert.ok(received >= jobs);
});

test('two kills while speakers are told, told again and merged leave each transcript as it was or wholly new', async () => {
  const { undone, done } = await tellingChaos({ kills: 2, seed: 4 });
  assert.equal(undone + done, 2);
});
