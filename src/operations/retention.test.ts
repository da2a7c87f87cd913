import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { openStore } from '#src/store/open.ts';
import type { TranscriptionSettings } from '../settings.ts';
import { added, claimed, newBatch, quietly } from '../store/contract/samples.ts';
import { openNotifier } from '../store/notifier.ts';
import { removeOld, startRetention } from './retention.ts';

const dayMs = 86_400_000;
const never = new AbortController().signal;

/** A store whose clock the test sets, with recordings in a folder. */
async function openArchive(retentionDays: number | null) {
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true }));
  const clock = { time: Date.now() };
  const store = stack.use(await openStore({ database: ':memory:', now: () => clock.time }));
  const notifier = openNotifier();
  const settings = { current: () => ({ retentionDays }) as TranscriptionSettings };
  const media = { remove: (name: string) => rm(join(folder, name)) };
  const parts = { store, notifier, media, settings, log: pino({ level: 'silent' }) };
  /** A job that is finished now, with a stored recording. */
  async function finished(name: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, 'sound');
    const { id } = await added(store, { media: { name, key: { kept: name }, bytes: 5, sha256: null } });
    const { lease } = await claimed(store);
    await store.appendBatch(lease, newBatch(['one']));
    await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
    return id;
  }
  const left = async () => (await store.jobs({}, { limit: 100 })).map(({ item }) => item.id);
  const close = () => stack.disposeAsync();
  return { store, clock, folder, parts, notifier, finished, left, [Symbol.asyncDispose]: close };
}

test('finished jobs go when they are older than retentionDays, with their recordings; others stay', async () => {
  await using archive = await openArchive(30);
  const { store, clock, parts, folder } = archive;
  const waiting = await added(store, { priority: -1 });
  const old = [await archive.finished('old 1')];
  clock.time += 1;
  old.push(await archive.finished('old 2'));
  clock.time += dayMs;
  const young = await archive.finished('young');
  const told: string[] = [];
  const listening = archive.notifier.listen('jobDeleted', (id) => {
    told.push(id);
  });
  assert.equal(await removeOld(parts, never, clock.time + 29 * dayMs - 1), 0);
  assert.equal(await removeOld(parts, never, clock.time + 29 * dayMs + 1), 2);
  assert.deepEqual(told, old);
  assert.deepEqual(await archive.left(), [young, waiting.id]);
  assert.deepEqual(await readdir(folder), ['young']);
  listening[Symbol.dispose]();
});

test('a start removes what is old, and a stop ends the work between two jobs', async () => {
  await using archive = await openArchive(1);
  const { clock, parts, notifier } = archive;
  clock.time -= 2 * dayMs;
  for (const name of ['one', 'two', 'three']) await archive.finished(name);
  const { promise: first, resolve } = Promise.withResolvers<string>();
  const listening = notifier.listen('jobDeleted', resolve);
  const retention = startRetention(parts);
  await first;
  await retention[Symbol.asyncDispose]();
  assert.equal((await archive.left()).length, 2);
  listening[Symbol.dispose]();
});

test('nothing goes while retentionDays is null', async () => {
  await using archive = await openArchive(null);
  const id = await archive.finished('kept');
  assert.equal(await removeOld(archive.parts, never, archive.clock.time + 999 * dayMs), 0);
  assert.deepEqual(await archive.left(), [id]);
});
