import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

const cancel = (url: string, id: string) =>
  ask(url, JSON.stringify({ query: `mutation { cancel(id: "${id}") { __typename } }` }));

test('a cancel outlives the server that is killed right after its answer, whether the job ran or waited', async () => {
  await using harness = await openProcessHarness('forks');
  const first = harness.start();
  const url = await first.url;
  const [running, waiting, untouched] = [await submitTo(url), await submitTo(url), await submitTo(url)];
  await untilEvent(url, running, ({ segments }) => segments !== undefined);
  await Promise.all([running, waiting].map((id) => cancel(url, id)));
  first.child.kill('SIGKILL');
  await first.ended;
  const second = harness.start();
  const stories = await Promise.all([running, waiting].map(async (id) => eventsOf(await second.url, id)));
  const statuses = stories.map((events) => events.flatMap(({ status }) => status ?? []));
  assert.deepEqual(statuses, [
    ['QUEUED', 'WORKING', 'CANCELLED'],
    ['QUEUED', 'CANCELLED'],
  ]);
  await untilEvent(await second.url, untouched, ({ status }) => status === 'WORKING');
});
