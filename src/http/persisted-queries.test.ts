import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { eventsOf } from '#src/testing/follow.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';
import { openPersistedQueries } from './persisted-queries.ts';

let server: TestServer;
before(async () => {
  server = await openTestServer();
});
after(() => server[Symbol.asyncDispose]());

const named = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } });

/** What is answered to a body, and with which status. */
async function post(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const codeIn = (text: string): unknown => JSON.parse(text).errors[0].extensions.code;

for (const useGETForHashedQueries of [false, true]) {
  test(`Apollo Client names by ${useGETForHashedQueries ? 'GET' : 'POST'} what it has sent once`, async () => {
    const sent: { readonly method: string; readonly hasDocument: boolean }[] = [];
    const counting: typeof fetch = (to, init) => {
      sent.push({ method: init?.method ?? '', hasDocument: JSON.stringify([to, init?.body]).includes('numJobs') });
      return fetch(to, init);
    };
    const open = () =>
      new ApolloClient({
        link: new PersistedQueryLink({
          sha256: (text: string) => hash('sha256', text),
          useGETForHashedQueries,
        }).concat(new HttpLink({ uri: `${server.url}/graphql`, fetch: counting })),
        cache: new InMemoryCache(),
      });
    const query = gql(`query ByHash${useGETForHashedQueries ? 'Get' : 'Post'} { config { id numJobs } }`);
    for (const expected of [2, 3]) {
      const client = open();
      const { data } = await client.query<{ config: { id: string } }>({ query });
      assert.equal(data?.config.id, 'config');
      assert.equal(sent.length, expected);
      client.stop();
    }
    const [method, other] = useGETForHashedQueries ? ['GET', 'POST'] : ['POST', 'POST'];
    assert.deepEqual(sent, [
      { method, hasDocument: false },
      { method: other, hasDocument: true },
      { method, hasDocument: false },
    ]);
  });
}

test('a subscription is followed by its name as by its text', async () => {
  const id = await submit(server);
  await eventsOf(server.url, id);
  const query = 'subscription ByHash($id: ID!) { jobEvents(id: $id) { seq } }';
  const accept = { accept: 'text/event-stream' };
  const byName = { extensions: named(query), variables: { id } };
  assert.match((await post(byName, accept)).text, /PERSISTED_QUERY_NOT_FOUND/u);
  const byText = await post({ ...byName, query }, accept);
  assert.match(byText.text, /"seq":1\D/u);
  assert.deepEqual(await post(byName, accept), byText);
});

test('a name that is not that of its document, or is none, is told', async () => {
  const query = '{ __typename }';
  const unlike = await post({ query, extensions: named('{ other }') });
  assert.deepEqual([unlike.status, codeIn(unlike.text)], [400, 'PERSISTED_QUERY_MISMATCH']);
  const unknown = await post({ extensions: named('{ unknown }') });
  assert.deepEqual([unknown.status, codeIn(unknown.text)], [200, 'PERSISTED_QUERY_NOT_FOUND']);
  for (const body of [
    { extensions: { persistedQuery: { version: 2, sha256Hash: 'x' } } },
    { extensions: named('x'), query: 7 },
    { extensions: 'x' },
    { extensions: { persistedQuery: null } },
    null,
    [],
    'x',
  ]) {
    for (const accept of [
      'application/graphql-response+json',
      'text/event-stream, application/graphql-response+json',
    ]) {
      const { status, text } = await post(body, { accept });
      assert.ok(status === 400, `${JSON.stringify(body)}: ${text}`);
    }
  }
});

test('of many documents the oldest are forgotten, and a long one is never kept', () => {
  const { complete } = openPersistedQueries();
  const texts = Array.from({ length: 1001 }, (_, number) => `{ a${number} }`);
  for (const query of texts) complete({ query, extensions: named(query) });
  const known = (query: string) => complete({ extensions: named(query) }).query === query;
  assert.throws(() => known(texts[0] ?? ''), { message: 'PersistedQueryNotFound' });
  assert.ok(known(texts[1] ?? '') && known(texts[1000] ?? ''));
  const long = `{ ${'a '.repeat(5000)}}`;
  assert.equal(complete({ query: long, extensions: named(long) }).query, long);
  assert.throws(() => known(long), { message: 'PersistedQueryNotFound' });
});
