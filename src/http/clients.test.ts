import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
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
      next: ({ data }) => void (data?.jobEvents.status && statuses.push(data.jobEvents.status)),
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
