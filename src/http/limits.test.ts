import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { getIntrospectionQuery } from 'graphql';
import { openTestServer } from '#src/testing/server.ts';
import { wsClient } from '#src/testing/follow.ts';

const server = await openTestServer();
after(() => server[Symbol.asyncDispose]());

const codeOf = async (query: string) => (await server.ask(query)).errors?.[0]?.extensions['code'];

test('ordinary operations pass', async () => {
  assert.equal(await codeOf('{ jobs { edges { node { logs { edges { node { fields } } } } } } }'), undefined);
  assert.equal(await codeOf(getIntrospectionQuery()), undefined, 'introspection is not counted');
});

test('a document has at most 1,000 tokens, and brackets do not overflow the stack', async () => {
  assert.equal(await codeOf(`{ job(id: ${'['.repeat(100_000)}`), 'GRAPHQL_PARSE_FAILED');
  assert.equal(await codeOf(`{ ${'__typename '.repeat(1100)} }`), 'GRAPHQL_PARSE_FAILED');
});

test('an operation has at most 12 levels, 30 aliases and 20 root fields', async () => {
  const nested = async (levels: number) => {
    const { errors = [] } = await server.ask(`{ ${'a { '.repeat(levels - 1)} a ${'}'.repeat(levels - 1)} }`);
    return errors.map(({ extensions }) => extensions['code']);
  };
  assert.ok(!(await nested(12)).includes('QUERY_TOO_COMPLEX'));
  assert.ok((await nested(13)).includes('QUERY_TOO_COMPLEX'));
  const aliases = (count: number) =>
    `{ server { ${Array.from({ length: count }, (_, at) => `a${at}: id`).join(' ')} } }`;
  assert.equal(await codeOf(aliases(30)), undefined);
  assert.equal(await codeOf(aliases(31)), 'QUERY_TOO_COMPLEX');
  const roots = (count: number) => `{ ${'server { id } '.repeat(count)} }`;
  assert.equal(await codeOf(roots(20)), undefined);
  assert.equal(await codeOf(roots(21)), 'QUERY_TOO_COMPLEX');
});

test('fragments hide nothing, and fragments that name each other twice cost no time', async () => {
  const spread = `{ ...R ...R } fragment R on Query { ${'server { id } '.repeat(11)} }`;
  assert.equal(await codeOf(spread), 'QUERY_TOO_COMPLEX');
  const doubling = Array.from(
    { length: 60 },
    (_, at) => `fragment F${at} on Server { ...F${at + 1} ...F${at + 1} x${at}: id }`,
  ).join(' ');
  assert.equal(await codeOf(`{ server { ...F0 } } ${doubling} fragment F60 on Server { id }`), 'QUERY_TOO_COMPLEX');
  assert.equal(
    await codeOf('{ server { ...A } } fragment A on Server { ...B } fragment B on Server { ...A }'),
    'GRAPHQL_VALIDATION_FAILED',
  );
});

test('the same limits hold over WebSocket', async () => {
  const client = wsClient(server.url);
  const tooMany = `{ ${'server { id } '.repeat(21)} }`;
  await assert.rejects(Array.fromAsync(client.iterate({ query: tooMany })), (error) =>
    JSON.stringify(error).includes('QUERY_TOO_COMPLEX'),
  );
  await assert.rejects(Array.fromAsync(client.iterate({ query: '[['.repeat(1000) })), (error) =>
    JSON.stringify(error).includes('Syntax Error'),
  );
  await client.dispose();
});
