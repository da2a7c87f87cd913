import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

let server: TestServer;
const ids: string[] = [];
before(async () => {
  server = await openTestServer();
  await server.ask('mutation { pauseQueue { id } }');
  ids.push(await submit(server, { title: 'Weekly Meeting', tags: ['work'] }));
  ids.push(await submit(server, { title: 'MEETING of the choir', tags: ['music', 'weekly'] }));
  ids.push(await submit(server, { tags: ['music'] }));
});
after(() => server[Symbol.asyncDispose]());

const query = `query ($filter: JobFilter, $first: Int, $after: String) {
  jobs(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage } edges { node { id createdAt } }
  }
}`;
const find = async (filter: object, page: object = {}) => {
  const { jobs } = (await server.ask(query, { filter, first: 20, ...page })).data;
  return { ...jobs, ids: jobs.edges.map(({ node }: { node: { id: string } }) => node.id) };
};

test('jobs are found by tag, by parts of their names, by time and by all of these', async () => {
  const [weekly, choir, untitled] = ids;
  const newest = (await find({})).edges[0].node.createdAt;
  const cases: readonly (readonly [object, readonly unknown[]])[] = [
    [{ tag: 'music' }, [untitled, choir]],
    [{ tag: 'Music' }, []],
    [{ titleContains: 'meeting' }, [choir, weekly]],
    [{ titleContains: 'WEEKLY m' }, [weekly]],
    [{ titleContains: '' }, [untitled, choir, weekly]],
    [{ mediaNameContains: 'Speech' }, [untitled, choir, weekly]],
    [{ mediaNameContains: 'ch.w', titleContains: 'of', tag: 'weekly', status: ['QUEUED'] }, [choir]],
    [{ mediaNameContains: 'mp3' }, []],
    [{ createdAfter: newest }, [untitled]],
    [{ createdBefore: newest }, [choir, weekly]],
    [{ createdBefore: newest, createdAfter: newest }, []],
    [{ tag: 'music', titleContains: null, ids: null, status: null, createdAfter: null }, [untitled, choir]],
  ];
  for (const [filter, expected] of cases) {
    const found = await find(filter);
    assert.deepEqual(found.ids, expected, JSON.stringify(filter));
    assert.equal(found.totalCount, expected.length, JSON.stringify(filter));
  }
});

test('a cursor is bound to its list, not to the filter', async () => {
  const { pageInfo } = await find({ tag: 'music' }, { first: 1 });
  assert.equal(pageInfo.hasNextPage, true);
  const rest = await find({ titleContains: 'meeting' }, { after: pageInfo.endCursor });
  assert.deepEqual(rest.ids, [ids[1], ids[0]]);
});

test('jobChanged tells changes of those jobs that have the tag and the words, and of no others', async () => {
  await using own = await openTestServer();
  const client = wsClient(own.url);
  const filter =
    '{ tag: "told", titleContains: "speech of", mediaNameContains: ".WAV", createdAfter: "2020-01-01T00:00:00Z" }';
  const seen = new Set<string>();
  const changes = client.iterate<{ jobChanged: { id: string; status: string } }>({
    query: `subscription { jobChanged(filter: ${filter}) { id status } }`,
  });
  const reading = (async () => {
    for await (const { data } of changes) {
      seen.add(data?.jobChanged.id ?? '');
      if (data?.jobChanged.status === 'COMPLETED') return;
    }
  })();
  // Answered on the same socket: the subscription before it stands.
  await Array.fromAsync(client.iterate({ query: '{ server { id } }' }));
  for (const other of [{ title: 'Speech of 1961' }, { tags: ['told'] }]) {
    await eventsOf(own.url, await submit(own, other));
  }
  const told = await submit(own, { title: 'Speech of 1961', tags: ['told'] });
  await reading;
  assert.deepEqual([...seen], [told]);
  await client.dispose();
});
