import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { openTestServer } from '#src/testing/server.ts';

test('GraphQL over HTTP is spoken as its specification says, also where it leaves a choice', async () => {
  await using server = await openTestServer();
  const audits = serverAudits({ url: `${server.url}/graphql` });
  assert.equal(audits.length, 61);
  for (const { id, name, fn } of audits) {
    const result = await fn();
    assert.equal(result.status, 'ok', `${id}: ${name}${'reason' in result ? `: ${result.reason}` : ''}`);
  }
});
