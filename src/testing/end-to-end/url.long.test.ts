import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf } from '../follow.ts';
import { openProcessHarness, submitTo } from '../process.ts';
import { holding, openRecordingServer, serving } from '../recording-server.ts';
import { ask, openTestServer, submit } from '../server.ts';
import { mountDisk } from '../small-disk.ts';

const recording = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at + (at >> 8)) % 251));

/** The path of what has arrived, once it is so much. */
async function untilArrived(data: string, bytes: number): Promise<string> {
  const folder = join(data, 'downloads');
  for (;;) {
    const [name = ''] = await readdir(folder);
    const path = join(folder, name);
    if (name !== '' && (await stat(path)).size === bytes) return path;
    await sleep(10);
  }
}

test('a server that was killed in the middle of a download goes on with it, and no command line tells the address', async () => {
  const held = holding(recording, 120_000);
  await using source = await openRecordingServer(held.answer);
  await using harness = await openProcessHarness('speaks');
  const environment = { PHONOGRAPH_URL_ALLOWED_CIDRS: '127.0.0.1/32' };
  const killed = harness.start(environment);
  const address = `${source.origin}/a.wav?signature=secret`;
  const id = await submitTo(await killed.url, { media: { url: address } });
  const part = await untilArrived(join(harness.directory, 'data'), 120_000);
  for (const pid of [killed.child.pid, ...harness.children()])
    assert.doesNotMatch(await readFile(`/proc/${pid}/cmdline`, 'utf8'), /secret/u);
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.deepEqual(await readFile(part), recording.subarray(0, 120_000));
  held.release();
  const { url } = harness.start(environment);
  await eventsOf(await url, id);
  const { data } = await ask(
    await url,
    JSON.stringify({ query: `{ job(id: "${id}") { status media { bytes sha256 url } } }` }),
  );
  assert.deepEqual([data.job.status, data.job.media.bytes], ['COMPLETED', 200_000]);
  const played = await fetch(`${await url}${data.job.media.url}`);
  assert.deepEqual(Buffer.from(await played.arrayBuffer()), recording);
  const [, again] = source.requests;
  assert.deepEqual([again?.headers.range, again?.headers['if-range']], ['bytes=120000-', '"1"']);
  assert.equal(again?.path, '/a.wav?signature=secret');
});

test('a download outlives a restart and breaks of the line, and is another one where the recording is', async () => {
  const held = holding(recording, 120_000);
  await using source = await openRecordingServer(held.answer);
  await using server = await openTestServer({ server: { urlAllowedCidrs: ['127.0.0.1/32'] } });
  const id = await submit(server, { media: { url: `${source.origin}/a.wav` } });
  await untilArrived(server.data, 120_000);
  const other = Buffer.from(recording.toReversed());
  const taken = async (bytes: number): Promise<void> => {
    await untilArrived(server.data, bytes);
  };
  source.answer = serving(other, { etag: '"2"', cutAfter: 90_000, taken });
  await server.again();
  await eventsOf(server.url, id);
  const { data } = await server.ask(`{ job(id: "${id}") { status media { url } attempts { outcome } } }`);
  assert.deepEqual([data.job.status, data.job.attempts.length], ['COMPLETED', 1]);
  const played = await fetch(`${server.url}${data.job.media.url}`);
  assert.deepEqual(Buffer.from(await played.arrayBuffer()), other);
  assert.deepEqual(
    source.requests.map(({ headers }) => headers.range),
    [undefined, 'bytes=120000-', 'bytes=90000-', 'bytes=180000-'],
  );
});

test('a recording that the disk has no room for fails its job, and leaves room for all others', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  await using source = await openRecordingServer((_, response) => {
    // Without a length: only the disk can tell.
    for (let megabytes = 0; megabytes < 12; megabytes += 1) response.write(Buffer.alloc(1_048_576, 1));
    response.end();
  });
  const server = await openTestServer({
    server: { dataDirectory: disk, minFreeBytes: 0, urlAllowedCidrs: ['127.0.0.1/32'] },
  });
  try {
    const id = await submit(server, { media: { url: `${source.origin}/a.wav` } });
    await eventsOf(server.url, id);
    const { data } = await server.ask(`{ job(id: "${id}") { status failure { code retryable } } }`);
    assert.deepEqual(data.job, { status: 'FAILED', failure: { code: 'STORAGE_FULL', retryable: true } });
    assert.deepEqual(await readdir(join(disk, 'downloads')), []);
    assert.equal((await eventsOf(server.url, await submit(server))).at(-1)?.status, 'COMPLETED');
    source.answer = serving(recording);
    await server.ask(`mutation { retry(id: "${id}") { __typename } }`);
    assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'COMPLETED');
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
