import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { newCaller } from '#src/testing/caller.ts';
import { openTestServer, submit } from '#src/testing/server.ts';

const follow =
  'subscription ($id: ID!) { jobEvents(id: $id) { __typename seq ... on JobStatusChanged { status job { id status } } } }';

interface Seen {
  readonly jobEvents: { readonly seq: number; readonly status?: string };
}

test('Apollo Client asks, follows a job, and finds it in its cache by its id', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  const socket = createClient({ url: `${server.url.replace('http', 'ws')}/graphql` });
  const link = new GraphQLWsLink(socket);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const statuses: (string | undefined)[] = [];
  await new Promise<void>((complete, error) => {
    client.subscribe<Seen>({ query: gql(follow), variables: { id } }).subscribe({
      next: ({ data }) => {
        if (data?.jobEvents.status) statuses.push(data.jobEvents.status);
      },
      complete,
      error,
    });
  });
  assert.deepEqual(statuses, ['QUEUED', 'WORKING', 'COMPLETED']);
  const cached = client.readFragment<{ status: string }>({
    id: `Job:${id}`,
    fragment: gql('fragment F on Job { status }'),
  });
  assert.equal(cached?.status, 'COMPLETED');
  const http = new ApolloClient({ link: new HttpLink({ uri: `${server.url}/graphql` }), cache: new InMemoryCache() });
  const { data } = await http.query<{ config: { id: string } }>({ query: gql('{ config { id mode } }') });
  assert.equal(data?.config.id, 'config');
  client.stop();
  http.stop();
  await socket.dispose();
});

test('urql asks and follows a job', async () => {
  await using server = await openTestServer();
  const id = await submit(server);
  const socket = createClient({ url: `${server.url.replace('http', 'ws')}/graphql` });
  const client = new Client({
    url: `${server.url}/graphql`,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query, variables: { ...variables } },
              {
                next: ({ data = null }) => sink.next({ data }),
                error: sink.error.bind(sink),
                complete: sink.complete.bind(sink),
              },
            ),
          }),
        }),
      }),
    ],
  });
  const { data } = await client
    .query<{ job: { id: string } }>('query ($id: ID!) { job(id: $id) { id } }', { id })
    .toPromise();
  assert.equal(data?.job.id, id);
  const seqs: number[] = [];
  await new Promise<void>((resolve) => {
    client.subscription<Seen>(follow, { id }).subscribe(({ data: seen, hasNext }) => {
      if (seen) seqs.push(seen.jobEvents.seq);
      if (!hasNext || seen?.jobEvents.status === 'COMPLETED') resolve();
    });
  });
  assert.deepEqual(
    [...new Set(seqs)],
    seqs.map((_, index) => index + 1),
  );
  await socket.dispose();
});

test('Apollo Client, urql and graphql-sse ask with an API key, and hear that they need one', async () => {
  const { key, headers } = newCaller('alice');
  await using server = await openTestServer({ server: { apiKeys: [key] } });
  const url = `${server.url}/graphql`;
  const query = '{ server { id } }';
  const apollo = (link: HttpLink) =>
    new ApolloClient({ link, cache: new InMemoryCache() }).query({ query: gql(query) });
  assert.deepEqual((await apollo(new HttpLink({ uri: url, headers }))).data, {
    server: { __typename: 'Server', id: 'server' },
  });
  await assert.rejects(apollo(new HttpLink({ uri: url })), /401/u);
  const urql = (fetchOptions: RequestInit) =>
    new Client({ url, preferGetMethod: false, exchanges: [fetchExchange], fetchOptions }).query(query, {}).toPromise();
  assert.deepEqual((await urql({ headers })).data, { server: { id: 'server' } });
  assert.equal((await urql({})).error?.graphQLErrors[0]?.extensions['code'], 'UNAUTHENTICATED');
  const sse = (head: Record<string, string>) =>
    createSseClient({ url, headers: head, retryAttempts: 0 }).iterate({
      query: 'subscription { serverStatus { id } }',
    });
  const readings = sse(headers);
  assert.deepEqual((await readings.next()).value?.data, { serverStatus: { id: 'server' } });
  await readings.return?.();
  await assert.rejects(sse({}).next(), /401/u);
});
