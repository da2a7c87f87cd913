import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf } from '#src/testing/follow.ts';
import { openTestServer, submit } from '#src/testing/server.ts';

const query = `query ($id: ID!) {
  job(id: $id) {
    failure { code message retryable }
    attempts { number outcome exitCode signal provenance peakMemoryBytes }
    logs(first: 1000) { edges { node { event message } } }
  }
}`;

test('a job whose engine dies three times tells each attempt, and its log holds the last words of each', async () => {
  await using server = await openTestServer({ engine: 'dies-midway' });
  const id = await submit(server);
  assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'FAILED');
  // Log lines are written a moment after they are said, at the latest when the server stops.
  await server.again();
  const { job } = (await server.ask(query, { id })).data;
  assert.equal(job.failure.code, 'ENGINE_CRASHED');
  assert.match(job.failure.message, /SIGSEGV.+attempt 3 of 3/u);
  const told = job.attempts.map(({ provenance, peakMemoryBytes, ...others }: any) => ({
    ...others,
    computeType: provenance.computeType,
    hasMemory: peakMemoryBytes === null || peakMemoryBytes > 0,
  }));
  const same = { exitCode: null, signal: 'SIGSEGV', computeType: 'int8', hasMemory: true };
  assert.deepEqual(told, [
    { number: 1, outcome: 'INTERRUPTED', ...same },
    { number: 2, outcome: 'INTERRUPTED', ...same },
    { number: 3, outcome: 'FAILED', ...same },
  ]);
  const said = job.logs.edges.filter(({ node }: any) => node.event === 'engine said');
  assert.deepEqual(
    said.map(({ node }: any) => node.message),
    Array.from({ length: 3 }, () => 'illegal instruction ahead'),
  );
});
