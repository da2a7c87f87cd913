import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#src/config/config.ts';
import { eventsOf, wsClient } from '#src/testing/follow.ts';
import { openTestHub } from '#src/testing/hub.ts';
import { openTestServer, submit, type TestServer } from '#src/testing/server.ts';

const { engineCommand, modelDirectory: ours } = readConfig(join(import.meta.dirname, '../..'), {}).server;

async function install(server: TestServer, id: string): Promise<void> {
  const client = wsClient(server.url);
  const query = 'subscription ($id: ID) { modelChanged(id: $id) { installed downloading problem } }';
  const changes = client.iterate<{ modelChanged: any }>({ query, variables: { id } });
  const next = changes.next();
  await server.ask('mutation ($id: ID!) { downloadModel(id: $id) { ... on Error { message } } }', { id });
  for (let change = await next; ; change = await changes.next()) {
    const { installed, problem } = change.value?.data?.modelChanged ?? {};
    assert.equal(problem, null);
    if (installed === true) break;
  }
  await client.dispose();
}

test('a server without a model downloads one, transcribes with it, and is ready with that of its mode', async () => {
  const names = ['model.bin', 'config.json', 'tokenizer.json', 'vocabulary.json'];
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(ours, 'base', name))] as const));
  await using hub = await openTestHub({ files: new Map(files) });
  const modelDirectory = await mkdtemp(join(tmpdir(), 'phonograph-models-'));
  try {
    await using server = await openTestServer({ server: { engineCommand, modelDirectory, hubEndpoint: hub.endpoint } });
    await install(server, 'tiny');
    const events = await eventsOf(server.url, await submit(server, { model: 'tiny' }));
    assert.equal(events.at(-1)?.status, 'COMPLETED');
    const text = events.flatMap(({ segments = [] }) => segments.map((segment) => segment.text)).join(' ');
    assert.match(text, /ask not what your country can do for you/u);
    await install(server, 'base');
    let ready = false;
    while (!ready) ({ ready } = (await server.ask('{ server { engine { ready } } }')).data.server.engine);
  } finally {
    await rm(modelDirectory, { recursive: true });
  }
});
