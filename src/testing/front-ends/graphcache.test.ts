import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { eventsOf } from '../follow.ts';
import { openTestServer, submit } from '../server.ts';
import { cacheConfig } from '#clients/js/graphcache.ts';

const segments = gql`
  query ($id: ID!, $after: String) {
    job(id: $id) {
      id
      segments(first: 2, after: $after) {
        edges {
          node {
            id
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;
const detect = gql`
  mutation ($id: ID!) {
    detectSpeakers(jobId: $id) {
      ... on Error {
        message
      }
    }
  }
`;

test('the pages of a transcript that is made anew are not joined with those of the one before', async () => {
  await using server = await openTestServer();
  const id = await submit(server, { diarize: true });
  await eventsOf(server.url, id);
  const exchanges = [cacheExchange(cacheConfig), fetchExchange];
  const client = new Client({ url: `${server.url}/graphql`, preferGetMethod: false, exchanges });
  const read = async (after: string | null = null) => {
    const { data } = await client.query(segments, { id, after });
    const { edges, pageInfo } = data.job.segments;
    return { ids: edges.map(({ node }: any) => node.id.slice(id.length)), after: pageInfo.endCursor };
  };
  assert.deepEqual((await read((await read()).after)).ids, [':1:0', ':1:1', ':1:2']);
  await client.mutation(detect, { id });
  const first = await read();
  assert.deepEqual(first.ids, [':2:0', ':2:1']);
  assert.deepEqual((await read(first.after)).ids, [':2:0', ':2:1', ':2:2']);
});
