import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventsOf, followByWebSocket, untilEvent, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { upload } from '#src/testing/upload.ts';

const remove = async (server: TestServer, id: string) => {
  const query = `mutation ($id: ID!) {
    deleteJob(id: $id) { __typename ... on DeleteJobSuccess { id } ... on JobStatusError { status } ... on Error { code } }
  }`;
  return (await server.ask(query, { id })).data.deleteJob;
};

/** Uploads the sample and waits until it is transcribed. */
async function uploaded(server: TestServer): Promise<string> {
  return upload(server, 'speech.wav', await readFile(join(server.media, 'speech.wav')));
}

test('a deleted job is gone with its stored recording, and other recordings stay', async () => {
  await using server = await openTestServer();
  const [id, other, byPath] = [await uploaded(server), await uploaded(server), await submit(server)];
  await eventsOf(server.url, byPath);
  const kept = join(server.data, 'media');
  assert.equal((await readdir(kept)).length, 2);
  assert.deepEqual(await remove(server, id), { __typename: 'DeleteJobSuccess', id });
  assert.equal((await readdir(kept)).length, 1);
  assert.deepEqual(await remove(server, byPath), { __typename: 'DeleteJobSuccess', id: byPath });
  assert.ok((await stat(join(server.media, 'speech.wav'))).size > 0);
  const { data } = await server.ask(
    `{ job(id: "${id}") { id } jobs { totalCount edges { node { id } } } logs(filter: { jobId: "${id}" }) { edges { cursor } } }`,
  );
  assert.deepEqual(data, {
    job: null,
    jobs: { totalCount: 1, edges: [{ node: { id: other } }] },
    logs: { edges: [] },
  });
  assert.deepEqual(await remove(server, id), { __typename: 'JobNotFoundError', code: 'JOB_NOT_FOUND' });
  await assert.rejects(Array.fromAsync(followByWebSocket(server.url, id)), /NOT_FOUND/u);
});

test('a job that works is not deleted', async () => {
  await using server = await openTestServer({ engine: 'waits' });
  const id = await submit(server);
  await untilEvent(server.url, id, ({ segments }) => segments !== undefined);
  assert.deepEqual(await remove(server, id), {
    __typename: 'JobStatusError',
    status: 'WORKING',
    code: 'JOB_STATUS',
  });
  await server.ask(`mutation { cancel(id: "${id}") { __typename } }`);
  await eventsOf(server.url, id);
  assert.equal((await remove(server, id)).__typename, 'DeleteJobSuccess');
});

test('who follows a job that is deleted hears NOT_FOUND, and jobDeleted tells its id', async () => {
  await using server = await openTestServer();
  await server.ask('mutation { pauseQueue { id } }');
  const id = await submit(server);
  const client = wsClient(server.url);
  const deletions = client.iterate<{ jobDeleted: string }>({ query: 'subscription { jobDeleted }' });
  const deleted = deletions.next();
  const events = followByWebSocket(server.url, id);
  assert.equal((await events.next()).value?.status, 'QUEUED');
  const next = events.next();
  // Answered on the same socket: the subscription before it stands.
  await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
  const refused = assert.rejects(next, (errors) => /NOT_FOUND/u.test(JSON.stringify(errors)));
  await remove(server, id);
  await refused;
  assert.deepEqual((await deleted).value?.data, { jobDeleted: id });
  await client.dispose();
});

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
