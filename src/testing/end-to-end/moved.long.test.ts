import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '#src/config/config.ts';
import { move } from '#src/operations/moving.ts';
import { newJob } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { newCaller } from '#src/testing/caller.ts';
import { type ComparedServer, compareServers } from '#src/testing/compare-servers.ts';
import { fillStore } from '#src/testing/full-store.ts';
import { openPostgres, postgresProgram } from '#src/testing/postgres.ts';
import { ask, openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';

const root = join(import.meta.dirname, '../../..');

test(
  'a server answers from PostgreSQL as from the file that was moved there',
  { skip: postgresProgram.skip },
  async () => {
    await using postgres = await openPostgres();
    await using temporary = await openTemporary();
    const [from, to] = [join(temporary.directory, 'from'), join(temporary.directory, 'to')];
    const [url, caller] = [await postgres.create(), newCaller('root')];
    await fillDirectory(from);
    await move({
      from: `sqlite:${from}/phonograph.db`,
      to: url,
      settings: { ...readConfig(root, {}).server, dataDirectory: to },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const apiKeys = [caller.key];
    await using before = await openTestServer({ server: { dataDirectory: from, apiKeys } });
    await using after = await openTestServer({ server: { dataDirectory: to, databaseUrl: url, apiKeys } });
    const servers: [ComparedServer, ComparedServer] = [
      { url: before.url, headers: caller.headers },
      { url: after.url, headers: caller.headers },
    ];
    await untilIndexed(servers[1]);
    const { asked, differences } = await compareServers(servers);
    assert.deepEqual(differences, []);
    assert.ok(asked >= 200, `${asked} questions`);
    await postgres.ask(url, `update segment set text = replace(text, '東京', '京都')`);
    const names = (await compareServers(servers)).differences.map(({ name }) => /^\w+/u.exec(name)?.[0]);
    assert.deepEqual([...new Set(names)], ['jobs', 'segments', 'transcript', 'search'], 'a difference is seen');
  },
);

/** A data directory of which nothing changes by itself, with a recording that is kept. */
async function fillDirectory(directory: string): Promise<void> {
  await mkdir(join(directory, 'media'), { recursive: true });
  await using store = await openStore({ database: join(directory, 'phonograph.db') });
  await fillStore(store);
  await writeFile(join(directory, 'media/kept'), 'a recording that is kept');
  const media = { name: 'Aufnahme.wav', key: { kept: 'kept' }, bytes: 24, sha256: null };
  await store.addJob(newJob({ title: 'Kept', media }));
}

/** What was said first is indexed last. */
async function untilIndexed({ url, headers }: ComparedServer): Promise<void> {
  const query = JSON.stringify({ query: '{ search(query: "shuttle") { edges { cursor } } }' });
  while ((await ask(url, query, { ...headers })).data.search.edges.length === 0) await sleep(20);
}
