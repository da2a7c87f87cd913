import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createClient as createSseClient } from 'graphql-sse';
import { added } from '#src/store/contract/samples.ts';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openHttpServer } from '#src/testing/http-server.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const clients = {
  WebSocket: wsClient,
  SSE: (url: string) => createSseClient({ url: `${url}/graphql`, retryAttempts: 0 }),
};

/** What each subscription tells of a job that is run and deleted. */
const told: Readonly<Record<string, (item: any, id: string) => boolean>> = {
  'jobChanged(filter: { status: [WORKING, COMPLETED] }) { id status }': ({ jobChanged }, id) =>
    jobChanged.id === id && jobChanged.status === 'COMPLETED',
  jobDeleted: ({ jobDeleted }, id) => jobDeleted === id,
  'serverStatus(intervalSeconds: 1) { uptimeSeconds queue { working } }': ({ serverStatus }) =>
    serverStatus.uptimeSeconds >= 1,
  'logAdded(filter: { contains: "outcome completed" }) { event jobId }': ({ logAdded }, id) =>
    logAdded.event === 'job ended' && logAdded.jobId === id,
};

/** Runs job after job and deletes the one before, until `done`: a subscription stands some time after it was asked for. */
async function keepRunning(server: TestServer, ids: string[], done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    ids.push(await submit(server));
    await eventsOf(server.url, ids.at(-1) ?? '');
    if (ids.length > 1) await server.ask(`mutation { deleteJob(id: "${ids.at(-2)}") { __typename } }`);
  }
}

for (const [transport, connect] of Object.entries(clients)) {
  test(`every subscription that never ends tells what happens over ${transport}`, async () => {
    await using server = await openTestServer();
    const client = connect(server.url);
    const ids: string[] = [];
    const listening = Object.entries(told).map(async ([field, isTold]) => {
      for await (const { data, errors } of client.iterate<any>({ query: `subscription { ${field} }` })) {
        assert.equal(errors, undefined);
        if (ids.some((id) => isTold(data, id))) return;
      }
      throw new Error(`${field} ended`);
    });
    const done = new AbortController();
    const running = keepRunning(server, ids, done.signal);
    await Promise.all(listening);
    done.abort();
    await running;
    await client.dispose();
  });

  test(`a client that is gone over ${transport} is no longer listened for`, async () => {
    // Nobody is ended who answers late on a busy machine.
    await using server = await openHttpServer({ timeouts: { pingMs: 60_000, stallMs: 60_000 } });
    const client = connect(server.url);
    const changes = client.iterate<any>({ query: 'subscription { jobChanged { id } }' });
    const first = changes.next();
    // A job a turn, until the subscription stands.
    const heard = first.then(() => true);
    while (!(await Promise.race([heard, setImmediate(false)]))) await added(server.store);
    await client.dispose();
    await server.left;
  });
}
