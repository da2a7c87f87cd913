import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, parse } from 'graphql';
import { openLoaders } from '#resolvers/loaders.ts';
import { schema } from '#schema/index.ts';
import { anybody } from '#src/config/api-key.ts';
import { readConfig } from '#src/config/config.ts';
import { openLog } from '#src/logs/log.ts';
import { openSettings } from '#src/settings.ts';
import { added, claimed, newBatch, quietly } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';

const query = `query ($first: Int, $ids: [ID!]) {
  jobs(first: $first) {
    totalCount pageInfo { hasNextPage hasPreviousPage }
    edges {
      node {
        id status tags media { name } options { mode } progress { fraction } failure { code } language { code }
        queuePosition estimatedStartAt attempts { number outcome }
        segments(first: 1) { edges { node { index } } pageInfo { hasNextPage hasPreviousPage } }
        more: segments(first: 2) { edges { node { text } } }
        logs(first: 1) { edges { node { message } } }
      }
    }
  }
  jobsOfIds: jobs(filter: { ids: $ids }, first: $first) { edges { node { attempts { number } } } }
  found: jobs(filter: { titleContains: "add", tag: "speech" }, first: $first) { totalCount edges { node { id } } }
}`;

test('a page of jobs with all that belongs to them takes as many statements as one job', async () => {
  let statements = 0;
  await using store = await openStore({ database: ':memory:', onQuery: () => (statements += 1) });
  for (let job = 0; job < 40; job += 1) {
    const { id } = await added(store);
    const log = {
      time: new Date(),
      level: 'INFO',
      event: 'test',
      message: 'A line.',
      jobId: id,
      fields: null,
    } as const;
    await store.addLogs([log, log]);
    if (job % 2 === 0) continue;
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one', 'two', 'three']));
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  }
  const ids = (await store.jobs({}, { limit: 40 })).map(({ item }) => item.id);
  const { log } = openLog('silent', { write: () => undefined });
  const config = readConfig(join(import.meta.dirname, '..'), {});
  const settings = await openSettings(config, store, log);
  const contextValue = { store, loaders: openLoaders(store), config, settings, caller: anybody };
  const counts: number[] = [];
  for (const first of [1, 20]) {
    statements = 0;
    const { data, errors } = await execute({
      schema,
      document: parse(query),
      contextValue,
      variableValues: { first, ids },
    });
    assert.equal(errors, undefined);
    counts.push(statements);
    const nodes = JSON.parse(JSON.stringify(data)).jobs.edges.map(({ node }: any) => node);
    assert.equal(nodes.length, first);
    for (const { queuePosition, estimatedStartAt, segments, logs, status } of nodes) {
      assert.equal(queuePosition !== null && estimatedStartAt !== null, status === 'QUEUED');
      assert.equal(segments.edges.length, status === 'QUEUED' ? 0 : 1);
      assert.equal(logs.edges.length, 1);
    }
  }
  assert.equal(counts[1], counts[0]);
});

test('a page after a cursor takes as many statements as the first, and more only where it is asked what is before it', async () => {
  let statements = 0;
  await using store = await openStore({ database: ':memory:', onQuery: () => (statements += 1) });
  for (let job = 0; job < 3; job += 1) await added(store);
  const contextValue = { store, loaders: openLoaders(store), caller: anybody };
  const ask = async (what: string, after: string | null) => {
    statements = 0;
    const document = parse(`query ($after: String) { jobs(first: 1, after: $after) { ${what} } }`);
    const { data, errors } = await execute({ schema, document, contextValue, variableValues: { after } });
    assert.equal(errors, undefined);
    return { statements, jobs: JSON.parse(JSON.stringify(data)).jobs };
  };
  const first = await ask('edges { cursor }', null);
  const after = first.jobs.edges[0].cursor;
  assert.equal((await ask('edges { cursor }', after)).statements, first.statements);
  const told = await ask('pageInfo { hasPreviousPage }', after);
  assert.equal(told.jobs.pageInfo.hasPreviousPage, true);
  assert.ok(told.statements > first.statements);
});
