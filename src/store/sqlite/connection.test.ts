import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kysely } from 'kysely';
import { migrationsFor } from '#migrations/index.ts';
import { newJob } from '../contract/samples.ts';
import { openNotifier } from '../notifier.ts';
import { jobWriter } from '../sql/jobs/jobs.ts';
import { arrivals, queueRanks } from '../sql/database/connection.ts';
import { migrate } from '../sql/database/migrator.ts';
import { openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { oneProcess } from './one-process.ts';
import type { Tables } from '../sql/database/tables.ts';

test('arrivals within one millisecond keep their order, and a clock that is set back is followed', () => {
  const times = [10, 10, 10, 11, 20, 19, 5_000, 900, 900];
  const arrival = arrivals(() => times.shift() ?? 0);
  assert.deepEqual(
    Array.from({ length: 9 }, () => arrival()),
    [10, 11, 12, 13, 20, 21, 5_000, 900, 901],
  );
});

test('ranks follow each other, whatever the clock says', () => {
  const rank = queueRanks(50);
  assert.deepEqual([10, 60, 60, 20, 7_000, 61].map(rank), [51, 60, 61, 62, 7_000, 7_001]);
});

test('a full disk is told as such, nothing is half written, and it goes on when there is room', async () => {
  const database = await openDatabase(':memory:');
  await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
  await migrate(db, migrationsFor([]));
  const notifier = openNotifier();
  const changed: string[] = [];
  const listening = notifier.listen('job', (jobId) => {
    changed.push(jobId);
  });
  const clients = jobWriter({ db, notifier, ...oneProcess(db, Date.now, 0) });
  const large = newJob({ metadata: { text: 'x'.repeat(100_000) } });
  database.pragma('max_page_count = 1');
  await assert.rejects(clients.addJob(large), { name: 'StorageFullError', code: 'STORAGE_FULL' });
  assert.deepEqual(changed, []);
  for (const table of ['job', 'media', 'event']) {
    assert.equal(database.prepare(`select count(*) from ${table}`).pluck().get(), 0);
  }
  database.pragma('max_page_count = 1073741823');
  const { job } = await clients.addJob(large);
  assert.deepEqual(changed, [job.id]);
  listening[Symbol.dispose]();
});
