import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

let server: TestServer;
const ids: string[] = [];
before(async () => {
  server = await openTestServer({ engine: 'mixed-language' });
  for (let count = 0; count < 2; count += 1) {
    const id = await submit(server);
    await eventsOf(server.url, id);
    ids.unshift(id);
  }
});
after(() => server[Symbol.asyncDispose]());

const document = `query ($query: String!, $filter: JobFilter, $first: Int, $after: String) {
  search(query: $query, filter: $filter, first: $first, after: $after) {
    edges { cursor node { job { id status } segment { index startSeconds text } highlight } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const ask = (variables: Record<string, unknown>) => server.ask(document, variables);
const search = async (query: string, more: Record<string, unknown> = {}) => (await ask({ query, ...more })).data.search;
const textsOf = (page: any): readonly string[] => page.edges.map(({ node }: any) => node.segment.text);
const codeOf = async (variables: Record<string, unknown>) => (await ask(variables)).errors?.[0]?.extensions['code'];

test('words of English, German, Japanese and Chinese are found with their segment, its time and its job', async () => {
  const [hit] = (await search('your country', { first: 1 })).edges;
  assert.deepEqual(hit.node, {
    job: { id: ids[0], status: 'COMPLETED' },
    segment: { index: 0, startSeconds: 0, text: 'Ask not what your country can do for you' },
    highlight: 'Ask not what <mark>your</mark> <mark>country</mark> can do for you',
  });
  for (const [query, marked] of [
    ['dampfschiff', 'Die <mark>Donaudampfschifffahrt</mark> ruht'],
    ['東京', '<mark>東京</mark>タワーは高い'],
    ['タワー', '東京<mark>タワー</mark>は高い'],
    ['北京', '我们在<mark>北京</mark>的图书馆'],
  ] as const) {
    const { edges } = await search(query);
    assert.deepEqual(
      edges.map(({ node }: any) => [node.job.id, node.highlight]),
      ids.map((id) => [id, marked]),
    );
  }
});

test('a segment has one id wherever it is met, and a hit one of its own for each query', async () => {
  const ofSegments = `{ job(id: "${ids[0]}") { segments { edges { node { id index text } } } } }`;
  const listed = (await server.ask(ofSegments)).data.job.segments.edges.map(({ node }: any) => node);
  const followed = (await eventsOf(server.url, ids[0] ?? '')).flatMap(({ segments = [] }) =>
    segments.map(({ id, index, text }) => ({ id, index, text })),
  );
  assert.deepEqual(followed, listed);
  const hitOf = async (query: string) =>
    (
      await server.ask(
        `query ($query: String!) { search(query: $query) { edges { node { id segment { id index text } } } } }`,
        { query },
      )
    ).data.search.edges[0].node;
  const [one, again, other] = [await hitOf('your country'), await hitOf('your country'), await hitOf('country your')];
  assert.deepEqual(one.segment, listed[one.segment.index]);
  assert.deepEqual(again, one);
  assert.deepEqual(other.segment, one.segment);
  assert.notEqual(other.id, one.id);
});

test('a highlight is safe HTML, whatever was said', async () => {
  const { edges } = await search('img alert');
  assert.equal(
    edges[0].node.highlight,
    '&lt;<mark>img</mark> src=x onerror=&quot;<mark>alert</mark>(1)&quot;&gt; &amp; country&#39;s &lt;mark&gt;',
  );
});

test('a search is paged, and its cursors are those of its query alone', async () => {
  const all = await search('country');
  assert.equal(all.edges.length, 4);
  const first = await search('country', { first: 3 });
  assert.deepEqual([first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage], [true, false]);
  const second = await search('country', { first: 3, after: first.pageInfo.endCursor });
  assert.deepEqual([second.pageInfo.hasNextPage, second.pageInfo.hasPreviousPage], [false, true]);
  assert.deepEqual([...first.edges, ...second.edges], all.edges);
  const end = await search('country', { after: second.pageInfo.endCursor });
  assert.deepEqual([end.edges, end.pageInfo.startCursor, end.pageInfo.endCursor], [[], null, null]);
  for (const wrong of [
    { query: 'dampfschiff', after: first.pageInfo.endCursor },
    { query: 'country', after: 'garbage' },
    { query: 'country', first: 0 },
    { query: 'country', first: 101 },
    { query: 'country', first: null },
    { query: 'x'.repeat(10_000) },
    { query: 'a '.repeat(30) },
  ]) {
    assert.equal(await codeOf(wrong), 'BAD_USER_INPUT', JSON.stringify(wrong).slice(0, 80));
  }
});

test('a search looks only where the filter says, and finds nothing where nothing is looked for', async () => {
  assert.equal(textsOf(await search('ask', { filter: { ids: [ids[1]] } })).length, 1);
  assert.deepEqual(textsOf(await search('ask', { filter: { ids: [] } })), []);
  assert.deepEqual(textsOf(await search('ask', { filter: { status: ['FAILED'] } })), []);
  for (const query of ['', '"', '-ask', 'NEAR(ask', 'text:ask', '\0', '\uD800'])
    assert.deepEqual((await ask({ query })).data.search.edges, [], query);
});

test('a segment is found while its job runs, and not once the job is deleted', async () => {
  await using running = await openTestServer({ engine: 'waits' });
  const id = await submit(running);
  const hits = async () => {
    const { data } = await running.ask('{ search(query: "one") { edges { node { job { id status } } } } }');
    return data.search.edges.map(({ node }: any) => node.job);
  };
  await untilEvent(running.url, id, ({ segments }) => segments !== undefined);
  assert.deepEqual(await hits(), [{ id, status: 'WORKING' }]);
  await running.ask(`mutation { cancel(id: "${id}") { __typename } }`);
  await eventsOf(running.url, id);
  assert.deepEqual(await hits(), [{ id, status: 'CANCELLED' }]);
  await running.ask(`mutation { deleteJob(id: "${id}") { __typename } }`);
  assert.deepEqual(await hits(), []);
});
