import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

let server: TestServer;
before(async () => {
  server = await openTestServer();
  await server.ask('mutation { pauseQueue { id } }');
});
after(() => server[Symbol.asyncDispose]());

const mutation = `mutation ($id: ID!, $input: UpdateJobInput!) {
  updateJob(id: $id, input: $input) {
    __typename
    ... on UpdateJobSuccess { job { id title tags metadata priority queuePosition lastEventSeq } }
    ... on InvalidInputError { field }
    ... on Error { code message }
  }
}`;
const update = async (id: string, input: object) => (await server.ask(mutation, { id, input })).data.updateJob;
const labels = { title: 'Address', tags: ['radio'], metadata: { year: 1961 }, priority: 2 };

test('what is absent stays, null clears, and null as priority is 0', async () => {
  const id = await submit(server, labels);
  const { job } = await update(id, { tags: ['radio', 'speech', 'radio'] });
  const { queuePosition, lastEventSeq, ...changed } = job;
  assert.deepEqual(changed, { id, ...labels, tags: ['radio', 'speech'] });
  assert.deepEqual([queuePosition, lastEventSeq], [1, 1]);
  const cleared = await update(id, { title: null, tags: null, metadata: null, priority: null });
  assert.deepEqual(cleared.job, { ...job, title: null, tags: [], metadata: null, priority: 0 });
  assert.deepEqual((await update(id, {})).job, cleared.job);
});

test('a new priority gives a waiting job another place in the queue', async () => {
  const [first, second] = [await submit(server, { priority: 5 }), await submit(server, { priority: 5 })];
  assert.equal((await update(second, { priority: 6 })).job.queuePosition, 1);
  assert.equal((await update(first, {})).job.queuePosition, 2);
  assert.equal((await update(first, { priority: 7 })).job.queuePosition, 1);
});

test('values that are not allowed are refused with the path of the argument, and nothing is changed', async () => {
  const id = await submit(server, labels);
  for (const [input, field] of [
    [{ title: 'x'.repeat(501) }, 'input.title'],
    [{ tags: Array.from({ length: 51 }, String) }, 'input.tags'],
    [{ tags: ['good', ''] }, 'input.tags.1'],
    [{ tags: ['x'.repeat(101)] }, 'input.tags.0'],
    [{ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [at, at])) }, 'input.metadata'],
    [{ metadata: { text: 'x'.repeat(16_384) } }, 'input.metadata'],
    [{ metadata: ['list'] }, 'input.metadata'],
    [{ priority: -1001 }, 'input.priority'],
    [{ title: 'good', priority: 1001 }, 'input.priority'],
  ] as const) {
    const told = await update(id, input);
    assert.deepEqual([told.__typename, told.code, told.field], ['InvalidInputError', 'INVALID_INPUT', field]);
  }
  const { queuePosition: _, ...job } = (await update(id, {})).job;
  assert.deepEqual(job, { id, ...labels, lastEventSeq: 1 });
});

test('an unknown job is told', async () => {
  assert.equal((await update('job_none', { title: 'x' })).__typename, 'JobNotFoundError');
});
