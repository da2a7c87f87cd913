import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventsOf } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

let server: TestServer;
const ids: string[] = [];
before(async () => {
  server = await openTestServer();
  for (let count = 0; count < 5; count += 1) ids.unshift(await submit(server, { title: `job ${count}` }));
  await Promise.all(ids.map((id) => eventsOf(server.url, id)));
});
after(() => server[Symbol.asyncDispose]());

const pageFields =
  'edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount';
const jobs = async (args: string) => (await server.ask(`{ jobs${args} { ${pageFields} } }`)).data.jobs;
const idsOf = (page: { edges: { node: { id: string } }[] }) => page.edges.map(({ node }) => node.id);
const codeOf = async (query: string) => (await server.ask(query)).errors?.[0]?.extensions['code'];

test('jobs come newest first and page in both directions, in the same order', async () => {
  assert.deepEqual(idsOf(await jobs('')), ids);
  const first = await jobs('(first: 2)');
  assert.deepEqual(idsOf(first), ids.slice(0, 2));
  assert.deepEqual([first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage, first.totalCount], [true, false, 5]);
  const second = await jobs(`(first: 2, after: "${first.pageInfo.endCursor}")`);
  assert.deepEqual(idsOf(second), ids.slice(2, 4));
  assert.deepEqual([second.pageInfo.hasNextPage, second.pageInfo.hasPreviousPage], [true, true]);
  const back = await jobs(`(last: 2, before: "${second.pageInfo.startCursor}")`);
  assert.deepEqual(idsOf(back), ids.slice(0, 2));
  assert.deepEqual([back.pageInfo.hasNextPage, back.pageInfo.hasPreviousPage], [true, false]);
  assert.deepEqual(idsOf(await jobs('(last: 2)')), ids.slice(3));
});

test('a page stays where it is while jobs are added', async () => {
  await using own = await openTestServer();
  const earlier = [await submit(own), await submit(own)].toReversed();
  const ask = async (args: string) => (await own.ask(`{ jobs${args} { ${pageFields} } }`)).data.jobs;
  const first = await ask('(first: 1)');
  await submit(own);
  assert.deepEqual(idsOf(await ask(`(first: 1, after: "${first.pageInfo.endCursor}")`)), [earlier[1]]);
});

test('filters are ANDed, and an empty list matches nothing', async () => {
  assert.equal((await jobs('(filter: { status: [COMPLETED] })')).totalCount, 5);
  const none = await jobs('(filter: { status: [] })');
  assert.deepEqual(
    [none.edges, none.totalCount, none.pageInfo.startCursor, none.pageInfo.endCursor],
    [[], 0, null, null],
  );
  assert.deepEqual(idsOf(await jobs(`(filter: { ids: ["${ids[1]}", "job_none"], status: [COMPLETED, FAILED] })`)), [
    ids[1],
  ]);
  assert.equal((await jobs(`(filter: { ids: ["${ids[1]}"], status: [QUEUED] })`)).totalCount, 0);
});

test('sizes out of range, null, both directions and foreign or forged cursors are BAD_USER_INPUT', async () => {
  const { edges } = await jobs('(first: 1)');
  const job = `job(id: "${ids[0]}")`;
  const { data } = await server.ask(`{ ${job} { segments { edges { cursor } } } }`);
  const segmentCursor = data.job.segments.edges[0].cursor;
  const forged = Buffer.from('jobs\nnonsense').toString('base64url');
  for (const query of [
    'first: 0',
    'first: 101',
    'first: -1',
    'last: 0',
    'last: 101',
    'first: null',
    'last: null',
    'first: 1, last: 1',
    `after: "${segmentCursor}"`,
    'after: "garbage"',
    'after: ""',
    `after: "${forged}"`,
    `after: "${edges[0].cursor}A"`,
  ]) {
    assert.equal(await codeOf(`{ jobs(${query}) { totalCount } }`), 'BAD_USER_INPUT', query);
  }
  const other = `{ job(id: "${ids[1]}") { segments(after: "${segmentCursor}") { edges { cursor } } } }`;
  assert.equal(await codeOf(other), 'BAD_USER_INPUT', 'a cursor belongs to its own list');
  for (const page of ['first: 0', 'first: 1001', 'first: null', 'after: "garbage"', `after: "${edges[0].cursor}"`]) {
    for (const list of [
      `${job} { segments(${page}) { edges { cursor } } }`,
      `${job} { logs(${page}) { edges { cursor } } }`,
    ]) {
      assert.equal(await codeOf(`{ ${list} }`), 'BAD_USER_INPUT', list);
    }
    assert.equal(await codeOf(`{ logs(${page}) { edges { cursor } } }`), 'BAD_USER_INPUT', page);
  }
});

test('a variable that is not given leaves first at its default', async () => {
  const query = 'query ($first: Int, $last: Int) { jobs(first: $first, last: $last) { edges { node { id } } } }';
  assert.deepEqual(idsOf((await server.ask(query, { last: 2 })).data.jobs), ids.slice(3));
  assert.equal((await server.ask(query, { first: null })).errors?.[0]?.extensions['code'], 'BAD_USER_INPUT');
});

test('segments page in the order of time', async () => {
  const segments = async (args: string) =>
    (
      await server.ask(
        `{ job(id: "${ids[0]}") { segments${args} { edges { cursor node { index text } } pageInfo { hasNextPage hasPreviousPage } } } }`,
      )
    ).data.job.segments;
  const first = await segments('(first: 2)');
  assert.deepEqual(
    first.edges.map(({ node }: { node: { text: string } }) => node.text),
    ['one', 'two'],
  );
  assert.equal(first.pageInfo.hasNextPage, true);
  const rest = await segments(`(first: 2, after: "${first.edges[1].cursor}")`);
  assert.deepEqual(
    rest.edges.map(({ node }: { node: { index: number } }) => node.index),
    [2],
  );
  assert.deepEqual(rest.pageInfo, { hasNextPage: false, hasPreviousPage: true });
});

test('a job is found by its id, by node too, and an unknown id is null', async () => {
  const { data } = await server.ask(`{
    job(id: "${ids[0]}") { id status title queuePosition media { name durationSeconds codec } language { code } attempts { number outcome device exitCode peakMemoryBytes provenance } lastEventSeq }
    node(id: "${ids[0]}") { __typename id }
    nobody: job(id: "job_none") { id }
    nothing: node(id: "x") { id }
  }`);
  const { attempts, ...job } = data.job;
  assert.equal(job.status, 'COMPLETED');
  assert.equal(job.title, 'job 4');
  assert.deepEqual(job.media, { name: 'speech.wav', durationSeconds: 9, codec: 'pcm_s16le' });
  assert.deepEqual([attempts[0].number, attempts[0].outcome, attempts[0].exitCode], [1, 'COMPLETED', 0]);
  assert.equal(attempts[0].provenance.versions.fasterWhisper, '1.2.1');
  assert.deepEqual(data.node, { __typename: 'Job', id: ids[0] });
  assert.deepEqual([data.nobody, data.nothing], [null, null]);
});

test('config and server are nodes too, as a client that has their ids asks for them', async () => {
  const { data } = await server.ask(`{
    config { id mode } server { id version }
    nodeOfConfig: node(id: "config") { __typename id ... on Config { mode } }
    nodeOfServer: node(id: "server") { __typename id ... on Server { version } }
  }`);
  assert.deepEqual(data.nodeOfConfig, { __typename: 'Config', ...data.config });
  assert.deepEqual(data.nodeOfServer, { __typename: 'Server', ...data.server });
});

test('a transcript is written as TXT, SRT, VTT and JSON', async () => {
  const { data } = await server.ask(
    `{ job(id: "${ids[0]}") { txt: transcript srt: transcript(format: SRT) vtt: transcript(format: VTT) json: transcript(format: JSON) } }`,
  );
  assert.equal(data.job.txt, 'one two three\n');
  assert.match(data.job.srt, /^1\n00:00:00,000 --> 00:00:05,917\none two\n\n2\n/u);
  assert.match(data.job.vtt, /^WEBVTT\n\n00:00:00\.000 --> 00:00:05\.917\none two\n\n/u);
  assert.equal(JSON.parse(data.job.json).segments[2].text, 'three');
  assert.equal(JSON.parse(data.job.json).language, 'en');
});

test('log lines are kept, by job, level and month, and page by their ids', async () => {
  const logs = async (args: string) =>
    (await server.ask(`{ logs${args} { edges { cursor node { id event level jobId } } } }`)).data.logs.edges;
  let lines = await logs(`(filter: { jobId: "${ids[0]}" })`);
  while (lines.length < 2) lines = await logs(`(filter: { jobId: "${ids[0]}" })`);
  assert.ok(lines.every(({ cursor, node }: any) => cursor === node.id && node.jobId === ids[0]));
  assert.equal(
    (await logs(`(filter: { jobId: "${ids[0]}" }, first: 1, after: "${lines[0].cursor}")`))[0].cursor,
    lines[1].cursor,
  );
  assert.ok((await logs('')).some(({ node }: any) => node.event === 'server listening'));
  assert.deepEqual(await logs('(filter: { year: 2001, month: 1 })'), []);
  assert.deepEqual(await logs('(filter: { level: ERROR })'), []);
  assert.equal(await codeOf('{ logs(filter: { month: 1 }) { edges { cursor } } }'), 'BAD_USER_INPUT');
  assert.equal(await codeOf('{ logs(filter: { year: 2026, month: 13 }) { edges { cursor } } }'), 'BAD_USER_INPUT');
  const { data } = await server.ask(`{ job(id: "${ids[0]}") { logs(first: 1) { edges { cursor } } } }`);
  assert.equal(data.job.logs.edges[0].cursor, lines[0].cursor);
});

test('models tells those of the modes and what is installed', async () => {
  const { data } = await server.ask('{ models { id installed bytes languages downloading problem } }');
  assert.deepEqual(
    data.models.map(({ id, installed }: any) => [id, installed]),
    [
      ['large-v2', false],
      ['medium', false],
      ['large-v3-turbo', false],
      ['base', true],
    ],
  );
});
