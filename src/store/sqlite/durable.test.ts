import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { checkStory } from '../contract/check-story.ts';
import { added, claimed, everythingOf, newBatch } from '../contract/samples.ts';
import { openDatabase } from './database.ts';

test('every open sets the write-ahead log, full synchronisation and foreign keys', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  for (let time = 0; time < 2; time++) {
    const db = await openDatabase(file);
    const read = ['journal_mode', 'synchronous', 'foreign_keys'].map((name) => db.pragma(name, { simple: true }));
    db.close();
    assert.deepEqual(read, ['wal', 2, 1]);
  }
});

test('what was stored is there when the file is opened again, and attempts that were open are reaped', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const before = await (async () => {
    await using store = await openStore({ database: file });
    const { id } = await added(store);
    await store.appendBatch((await claimed(store)).lease, newBatch(['kept']));
    await store.changeSettings({ mode: 'COMPACT' }, 'test');
    return { id, everything: await everythingOf(store, id), settings: await store.settings() };
  })();
  await using store = await openStore({ database: file });
  assert.deepEqual(await everythingOf(store, before.id), before.everything);
  assert.deepEqual(await store.settings(), before.settings);
  assert.deepEqual(
    (await store.reap(await store.expiredAttempts(0))).map(({ jobId }) => jobId),
    [before.id],
  );
  assert.deepEqual((await claimed(store)).checkpoint, { batch: 1 });
});

test('a missing directory is made, for its owner alone', async () => {
  await using temporary = await openTemporary();
  const directory = join(temporary.directory, 'a', 'b');
  temporary.stack.use(await openStore({ database: join(directory, 'phonograph.db') }));
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
});

test('a file that cannot be opened is told in one line', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  await mkdir(file);
  await assert.rejects(openStore({ database: file }), { name: 'MigrationError', message: /cannot be/ });
});

test('two stores on one file open, write and read at once', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const opened = await Promise.all([0, 1].map(() => openStore({ database: file })));
  for (const store of opened) temporary.stack.use(store);
  const [first, second] = opened;
  assert.ok(first && second);
  const jobs = await Promise.all(Array.from({ length: 20 }, (_, index) => added(index % 2 === 0 ? first : second)));
  const claims = await Promise.all(jobs.map((_, index) => claimed(index % 2 === 0 ? second : first)));
  assert.equal(new Set(claims.map(({ job }) => job.id)).size, 20);
  await Promise.all(
    claims.flatMap(({ lease, job }) => [
      first.appendBatch(lease, newBatch(['one'])),
      second.appendBatch(lease, newBatch(['two', 'three'])),
      first.cancel(job.id),
      second.jobs({}, { limit: 20 }),
    ]),
  );
  for (const { id } of jobs) await checkStory(second, id);
  assert.equal((await first.job(jobs[0]?.id ?? ''))?.segmentCount, 3);
});
