import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getIntrospectionQuery, parse } from 'graphql';
import { schema } from '#schema/index.ts';
import { wsClient } from '#src/testing/follow.ts';
import { added, claimed, newBatch } from '#src/store/contract/samples.ts';
import { openHttpServer } from '#src/testing/http-server.ts';
import { ask, openTestServer } from '#src/testing/server.ts';
import { costOf } from './cost.ts';

const measure = (query: string, variableValues = {}) => costOf({ schema, document: parse(query), variableValues });

/** Every field of a job that takes no arguments and is no list of its own, as a client may well select. */
const plainFields = `id status title tags metadata priority createdAt startedAt finishedAt updatedAt lastEventSeq processedSeconds estimatedStartAt
  queuePosition media { name durationSeconds url } progress { stage fraction } options { mode model } language { code } failure { code } attempts { outcome }`;

test('what clients ask for passes', () => {
  const passing = [
    '{ jobs(first: 20) { edges { node { id transcript } } } }',
    `{ jobs(first: 100) { totalCount edges { node { ${plainFields} } } pageInfo { endCursor } } }`,
    '{ job(id: "x") { segments(first: 1000) { edges { node { text words { text } } } } } }',
    getIntrospectionQuery(),
  ];
  for (const query of passing) {
    const { cost, over } = measure(query);
    assert.ok(cost <= 20_000 && over === null, `${cost} ${JSON.stringify(over)} ${query}`);
  }
});

test('pages along the path are multiplied, by what arguments, variables and defaults say', () => {
  const nested = (page: string) =>
    `query ($n: Int) { jobs(first: ${page}) { edges { node { segments { edges { node { text } } } } } } }`;
  // A connection is one, and so is each of its items.
  assert.equal(measure(nested('1')).cost, 1 + 1 + 1 + 100);
  assert.equal(measure(nested('100')).cost, 1 + 100 * (1 + 1 + 100));
  assert.equal(measure(nested('$n'), { n: 100 }).cost, 1 + 100 * (1 + 1 + 100));
  assert.equal(measure(nested('$n')).cost, 1 + 20 * (1 + 1 + 100), 'a default where the variable is absent');
  assert.equal(measure('{ jobs(last: 50) { edges { cursor } } }').cost, 1 + 50);
});

test('aliases and fragments add up, however they are nested', () => {
  const aliases = Array.from(
    { length: 18 },
    (_, at) => `a${at}: segments(first: 1000) { edges { node { text } } }`,
  ).join(' ');
  const query = `{ jobs(first: 100) { edges { node { ...All } } } } fragment All on Job { ${aliases} }`;
  assert.equal(measure(query).cost, 1 + 100 * (1 + 18 * 1001));
});

test('fragments that name each other twice cost no time and no memory, whatever is at their end', () => {
  const doubling = Array.from({ length: 60 }, (_, at) => `fragment F${at} on Job { ...F${at + 1} ...F${at + 1} }`);
  const query = `{ jobs(first: 1) { edges { node { ...F0 } } } } ${doubling.join(' ')} fragment F60 on Job { transcript }`;
  assert.ok(measure(query).cost > 1e18);
  const listed = `{ jobs(first: 21) { edges { node { ...A ...B } } } } fragment A on Job { transcript } fragment B on Job { id ...A }`;
  assert.deepEqual(measure(listed).over, { field: 'transcript', times: 21, limit: 20 });
});

test('a transcript is not asked for in a list of more than 20', () => {
  assert.equal(measure('{ jobs(first: 20) { edges { node { transcript } } } }').over, null);
  const { over } = measure('{ jobs(first: 21) { edges { node { transcript } } } }');
  assert.deepEqual(over, { field: 'transcript', times: 21, limit: 20 });
});

test('an answer of more than 32 MiB is refused while it is made, and what is less than that is given', async () => {
  await using server = await openHttpServer();
  await added(server.store);
  const { lease } = await claimed(server.store);
  for (let batch = 0; batch < 40; batch += 1) await server.store.appendBatch(lease, newBatch(['x y '.repeat(25_000)]));
  const asked = async (times: number) => {
    const aliases = Array.from({ length: times }, (_, at) => `a${at}: transcript`).join(' ');
    return await ask(server.url, JSON.stringify({ query: `{ jobs(first: 1) { edges { node { ${aliases} } } } }` }));
  };
  const { data, errors } = await asked(2);
  assert.deepEqual([errors, data.jobs.edges[0].node.a1.length > 3_900_000], [undefined, true]);
  const refused = await asked(12);
  assert.equal(refused.errors?.[0]?.extensions['code'], 'ANSWER_TOO_LARGE');
  assert.match(String(refused.errors?.[0]?.extensions['hint']), /\/jobs\/ID\/transcript/u);
});

test('what costs too much is refused before anything is done, over HTTP and WebSocket, with cost and limit', async () => {
  await using server = await openTestServer();
  const query = '{ jobs(first: 100) { edges { node { segments(first: 1000) { edges { node { text } } } } } } }';
  const { status, errors, data } = await server.ask(query);
  assert.deepEqual([status, data], [400, undefined]);
  assert.deepEqual(errors?.[0]?.extensions, {
    code: 'QUERY_TOO_COMPLEX',
    hint: 'Ask for smaller pages, or for less in lists.',
    cost: 100_201,
    limit: 20_000,
  });
  const words = 'segments(first: 1000) { edges { node { words { text } } } }';
  const client = wsClient(server.url);
  for (const operation of [query, `subscription { jobChanged { ${words} a: ${words} } }`]) {
    const answers = await Array.fromAsync(client.iterate({ query: operation }));
    assert.equal(answers[0]?.errors?.[0]?.extensions?.['code'], 'QUERY_TOO_COMPLEX');
  }
  await client.dispose();
});
