import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { openStore } from '#src/store/open.ts';
import { openLogFolder } from '../logs/files.ts';
import { line } from '../store/contract/log-store.ts';
import { trimLog } from './log-retention.ts';

const dayMs = 86_400_000;

/** A store with lines of as many days, and files of their months. */
async function openArchive(days: number, now: number) {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true }));
  const store = stack.use(await openStore({ database: ':memory:' }));
  const times = Array.from({ length: days }, (_, day) => new Date(now - (days - day) * dayMs));
  await store.addLogs(times.map((time) => line(time.toISOString(), { time })));
  const folder = openLogFolder(directory, 1_000_000);
  await folder.append(times.map((time) => ({ time, text: `${time.toISOString()}\n` })));
  const left = async () => (await store.logs({}, { limit: 1000 })).length;
  const close = () => stack.disposeAsync();
  return { store, folder, directory, left, log: pino({ level: 'silent' }), [Symbol.asyncDispose]: close };
}

const never = new AbortController().signal;

test('lines older than logRetentionDays go, and files whose month is; a stop ends the work between two slices', async () => {
  const now = Date.UTC(2026, 10, 20);
  await using archive = await openArchive(900, now);
  const config = { server: { logRetentionDays: 30, logMaxBytes: 1_000_000 } };
  const stopping = new AbortController();
  const trimming = trimLog({ ...archive, config }, stopping.signal, now);
  stopping.abort();
  await trimming;
  assert.ok((await archive.left()) >= 700, 'at most one slice was removed');
  await trimLog({ ...archive, config }, never, now);
  assert.equal(await archive.left(), 30);
  assert.deepEqual(await readdir(archive.directory), ['10-2026.log', '11-2026.log']);
});

test('lines beyond logMaxBytes go, the newest stay', async () => {
  const now = Date.UTC(2026, 10, 20);
  await using archive = await openArchive(500, now);
  const config = { server: { logRetentionDays: 9999, logMaxBytes: 20_000 } };
  await trimLog({ ...archive, config }, never, now);
  const left = await archive.left();
  assert.ok(left > 50 && left < 200, `${left} are left`);
  const [newest] = await archive.store.logs({}, { limit: 1, last: true });
  assert.equal(newest?.item.message, new Date(now - dayMs).toISOString());
});
