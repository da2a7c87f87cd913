import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newCaller } from '#src/testing/caller.ts';
import { openTestServer } from '#src/testing/server.ts';

test('the log tells who did what only an admin may do, and nothing of what was refused', async () => {
  const alice = newCaller('alice');
  await using server = await openTestServer({ server: { apiKeys: [alice.key] } });
  const headers = { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' };
  const ask = async (query: string) => {
    const body = JSON.stringify({ query });
    await (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })).text();
  };
  await ask('mutation { setConfig(input: { numJobs: 2 }) { __typename } }');
  await ask('mutation { setConfig(input: { numJobs: 1000 }) { __typename } }');
  await ask('mutation { pauseQueue { status } }');
  await ask('mutation { removeModel(id: "nothing") { __typename } }');
  const told = server.logs
    .filter(({ event }) => String(event).startsWith('audit.'))
    .map(({ event, caller, arguments: given }) => [event, caller, given]);
  assert.deepEqual(told, [
    ['audit.setConfig', 'alice', { input: { numJobs: 2 } }],
    ['audit.pauseQueue', 'alice', {}],
  ]);
});
