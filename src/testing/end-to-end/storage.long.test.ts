import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { openTestServer, type Readiness, readyTells, submit, type TestServer } from '#src/testing/server.ts';
import { fillDisk, mountDisk } from '#src/testing/small-disk.ts';

const byPath =
  'mutation { transcribe(input: { media: { path: "speech.wav" } }) { __typename ... on Error { code hint } } }';

async function upload({ url }: TestServer): Promise<string> {
  const query = 'mutation ($file: File!) { transcribe(input: { media: { upload: $file } }) { __typename } }';
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { file: null } }));
  form.set('map', '{"0":["variables.file"]}');
  form.set('0', new Blob(['x'.repeat(100_000)]), 'speech.wav');
  const headers = { 'apollo-require-preflight': 'true' };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: form });
  const { data } = (await response.json()) as { data: { transcribe: { __typename: string } } };
  return data.transcribe.__typename;
}

const has =
  (problem: RegExp) =>
  ({ problems }: Readiness): boolean =>
    problems.some((told) => problem.test(told));

test('below minFreeBytes nothing is accepted and nothing written, and /ready tells it', async () => {
  await using server = await openTestServer({ server: { minFreeBytes: Number.MAX_SAFE_INTEGER } });
  const { data } = await server.ask(byPath);
  assert.equal(data.transcribe.__typename, 'StorageFullError');
  assert.equal(data.transcribe.code, 'STORAGE_FULL');
  assert.equal(await upload(server), 'StorageFullError');
  for (const folder of ['uploads', 'media']) assert.deepEqual(await readdir(join(server.data, folder)), []);
  assert.equal((await server.ask('{ jobs { totalCount } }')).data.jobs.totalCount, 0);
  await readyTells(server, has(/less than 9007199254740991 bytes free/u));
});

test('on a full disk nothing is lost: reads go on, jobs wait, and all goes on when there is room', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  const engineCommand = [
    process.execPath,
    join(import.meta.dirname, '../../../runner/fixtures/checked.ts'),
    'twelve-batches',
    '150',
  ];
  const server = await openTestServer({ server: { dataDirectory: disk, minFreeBytes: 0, engineCommand } });
  try {
    const id = await submit(server);
    await untilEvent(server.url, id, ({ segments }) => segments !== undefined);
    const filler = join(disk, 'filler');
    await fillDisk(filler);
    assert.equal((await server.ask(byPath)).data.transcribe.__typename, 'StorageFullError');
    assert.equal(await upload(server), 'StorageFullError');
    const retitle = (title: number) =>
      server.ask(`mutation { updateJob(id: "${id}", input: { title: "${title}" }) { __typename } }`);
    let refused = await retitle(0);
    // What was refused before may have left room for something small.
    for (let title = 1; refused.errors === undefined; title += 1) refused = await retitle(title);
    assert.equal(refused.errors[0]?.extensions['code'], 'SERVICE_UNAVAILABLE');
    const { data } = await server.ask(`{ job(id: "${id}") { status lastEventSeq } }`);
    assert.equal(data.job.status, 'WORKING');
    await readyTells(server, has(/takes no writes/u));
    await rm(filler);
    const events = await eventsOf(server.url, id);
    assert.equal(events.at(-1)?.status, 'COMPLETED');
    assert.ok(events.length > data.job.lastEventSeq);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    assert.equal((await server.ask(byPath)).data.transcribe.__typename, 'TranscribeSuccess');
    assert.ok(server.logs.filter(({ event }) => event === 'disk full').length <= 1);
    assert.deepEqual(
      server.logs.filter(({ event }) => event === 'store does not answer' || event === 'request failed'),
      [],
    );
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
