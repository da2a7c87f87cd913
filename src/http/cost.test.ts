import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getIntrospectionQuery, parse } from 'graphql';
import { schema } from '#schema/index.ts';
import { wsClient } from '#src/testing/follow.ts';
import { openTestServer } from '#src/testing/server.ts';
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
  // A connection is one, and each of its items two: an edge and a node.
  assert.equal(measure(nested('1')).cost, 1 + 2 + 1 + 200);
  assert.equal(measure(nested('100')).cost, 1 + 100 * (2 + 1 + 200));
  assert.equal(measure(nested('$n'), { n: 100 }).cost, 1 + 100 * (2 + 1 + 200));
  assert.equal(measure(nested('$n')).cost, 1 + 20 * (2 + 1 + 200), 'a default where the variable is absent');
  assert.equal(measure('{ jobs(last: 50) { edges { cursor } } }').cost, 1 + 50);
});

test('aliases and fragments add up, however they are nested', () => {
  const aliases = Array.from(
    { length: 18 },
    (_, at) => `a${at}: segments(first: 1000) { edges { node { text } } }`,
  ).join(' ');
  const query = `{ jobs(first: 100) { edges { node { ...All } } } } fragment All on Job { ${aliases} }`;
  assert.equal(measure(query).cost, 1 + 100 * (2 + 18 * 2001));
});

test('a transcript is not asked for in a list of more than 20', () => {
  assert.equal(measure('{ jobs(first: 20) { edges { node { transcript } } } }').over, null);
  const { over } = measure('{ jobs(first: 21) { edges { node { transcript } } } }');
  assert.deepEqual(over, { field: 'transcript', times: 21, limit: 20 });
});

test('what costs too much is refused before anything is done, over HTTP and WebSocket, with cost and limit', async () => {
  await using server = await openTestServer();
  const query = '{ jobs(first: 100) { edges { node { segments(first: 1000) { edges { node { text } } } } } } }';
  const { status, errors, data } = await server.ask(query);
  assert.deepEqual([status, data], [400, undefined]);
  assert.deepEqual(errors?.[0]?.extensions, {
    code: 'QUERY_TOO_COMPLEX',
    hint: 'Ask for smaller pages, or for less in lists.',
    cost: 200_301,
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
