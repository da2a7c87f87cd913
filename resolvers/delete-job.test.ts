import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
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
