import assert from 'node:assert/strict';
import { appendFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsOf } from '../follow.ts';
import { openTestServer, submit } from '../server.ts';

/** A file that somebody writes to, a piece every tenth of a second, until it is stopped. */
async function growing(path: string) {
  const stopping = new AbortController();
  await writeFile(path, 'RIFF');
  const writing = (async () => {
    while (!stopping.signal.aborted) {
      await appendFile(path, 'sound');
      // Aborted: that is what the loop asks next.
      await sleep(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  const stop = async () => {
    stopping.abort();
    await writing;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

test('a recording that is still written to is waited for in the queue, holds nobody up, and outlives a restart', async () => {
  await using server = await openTestServer();
  await server.ask('mutation { setConfig(input: { numJobs: 1 }) { __typename } }');
  await using file = await growing(join(server.media, 'growing.wav'));
  const id = await submit(server, { media: { path: 'growing.wav' }, priority: 5 });
  const tell = async (job = id) =>
    (
      await server.ask(
        `{ job(id: "${job}") { status queuePosition media { bytes } attempts { startedAt outcome } failure { code } } }`,
      )
    ).data.job;
  for (const again of [false, true]) {
    if (again) await server.again();
    const other = await submit(server);
    await eventsOf(server.url, other);
    assert.equal((await tell(other)).status, 'COMPLETED');
    const { status, queuePosition, attempts } = await tell();
    assert.deepEqual([status, queuePosition, attempts], ['QUEUED', 1, []]);
  }
  await file.stop();
  const { size: bytes, mtimeMs } = await stat(join(server.media, 'growing.wav'));
  await eventsOf(server.url, id);
  const { attempts, ...job } = await tell();
  assert.deepEqual(job, { status: 'COMPLETED', queuePosition: null, media: { bytes }, failure: null });
  assert.deepEqual([attempts.length, attempts[0].outcome], [1, 'COMPLETED']);
  assert.ok(Date.parse(attempts[0].startedAt) - mtimeMs >= 2900);
  assert.ok(server.logs.some((line) => line['event'] === 'recording may still be written to' && line['job'] === id));
});

test('a job that was cancelled while its recording grew is retried with what it has grown to', async () => {
  await using server = await openTestServer();
  await using file = await growing(join(server.media, 'growing.wav'));
  const id = await submit(server, { media: { path: 'growing.wav' } });
  await server.ask(`mutation { cancel(id: "${id}") { __typename } }`);
  await appendFile(join(server.media, 'growing.wav'), 'more');
  await file.stop();
  const { data } = await server.ask(`mutation { retry(id: "${id}") { __typename } }`);
  assert.equal(data.retry.__typename, 'RetrySuccess');
  await eventsOf(server.url, id);
  const { size: bytes } = await stat(join(server.media, 'growing.wav'));
  const { data: told } = await server.ask(`{ job(id: "${id}") { status media { bytes } } }`);
  assert.deepEqual(told.job, { status: 'COMPLETED', media: { bytes } });
});

test('a job that waits for its recording can be cancelled and retried, and fails where the recording is taken away', async () => {
  await using server = await openTestServer();
  await using file = await growing(join(server.media, 'growing.wav'));
  const id = await submit(server, { media: { path: 'growing.wav' } });
  const { data: cancelled } = await server.ask(
    `mutation { cancel(id: "${id}") { ... on CancelSuccess { job { status } } } }`,
  );
  assert.equal(cancelled.cancel.job.status, 'CANCELLED');
  const { data: retried } = await server.ask(
    `mutation { retry(id: "${id}") { ... on RetrySuccess { job { status } } } }`,
  );
  assert.equal(retried.retry.job.status, 'QUEUED');
  await file.stop();
  await rm(join(server.media, 'growing.wav'));
  await eventsOf(server.url, id);
  const { data: told } = await server.ask(`{ job(id: "${id}") { status failure { code } } }`);
  assert.deepEqual(told.job, { status: 'FAILED', failure: { code: 'MEDIA_NOT_FOUND' } });
});
