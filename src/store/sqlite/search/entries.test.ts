import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { migrationsFor } from '#migrations/index.ts';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../../testing/temporary.ts';
import { parseQuery } from '../../../transcripts/search/query.ts';
import { added, claimed, newBatch, quietly } from '../../contract/samples.ts';
import type { Store } from '../../store.ts';
import { migrate } from '../../sql/database/migrator.ts';
import { openDatabase } from '../database.ts';
import { ImmediateSqliteDialect } from '../dialect.ts';
import type { Tables } from '../../sql/database/tables.ts';

test('segments that were stored before there was an index are found once they are indexed, slice by slice, newest job first', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  const open = () => openStore({ database: file });
  const count = async (store: Store, query: string) =>
    (await store.search(parseQuery(query), {}, { limit: 1000 })).length;

  const before = await open();
  for (const [name, segments] of Object.entries({ oldest: 120, older: 3, running: 70 }))
    await speak(before, name, segments);
  await before[Symbol.asyncDispose]();
  forgetIndex(file);

  const first = await open();
  assert.equal(await first.indexOlder(), 50);
  assert.deepEqual([await count(first, 'running'), await count(first, 'older')], [50, 0]);
  await first[Symbol.asyncDispose]();

  await using store = await open();
  // Segments that come before those before them are indexed, and those of a new job.
  const { lease } = await claimed(store);
  await store.appendBatch(lease, newBatch(['running on']));
  await store.finish(lease, { kind: 'COMPLETED', processedSeconds: 1, ...quietly });
  await speak(store, 'new', 1);
  assert.equal(await count(store, 'new'), 1);
  while ((await store.indexOlder()) !== null);
  const counts = await Promise.all(['oldest', 'older', 'running', 'new'].map((name) => count(store, name)));
  assert.deepEqual(counts, [120, 3, 71, 1]);
  const found = await store.search(parseQuery('say'), {}, { limit: 1000 });
  const names = found.map(({ item }) => item.segment.text.split(' ')[1]);
  assert.deepEqual([...new Set(names)], ['new', 'running', 'older', 'oldest']);
});

test('a database that has jobs when it gets its index has older ones to be indexed, and a new one has none', async () => {
  for (const jobs of [0, 1]) {
    const database = await openDatabase(':memory:');
    await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
    await migrate(db, { '0001-first': migrationsFor([])['0001-first'] ?? assert.fail() });
    if (jobs > 0) database.exec(oldJob);
    await migrate(db, migrationsFor([]));
    assert.equal(database.prepare('select count(*) from search_older').pluck().get(), jobs);
  }
});

const oldJob = `
  insert into media (id, name, path, stored, warnings) values ('media_1', 'a', '/a', 0, '[]');
  insert into job (id, status, tags, priority, options, media_id, created_at, queued_at, stage, fraction, processed_seconds, segment_count,
    crashes, begun, event_seq) values ('job_1', 'QUEUED', '[]', 0, '{}', 'media_1', 1, 1, 'QUEUED', 0, 0, 0, 0, 0, 0)`;

/** A job that has said so many segments; the one named running goes back to the queue. */
async function speak(store: Store, name: string, segments: number): Promise<void> {
  await added(store);
  const { lease } = await claimed(store);
  await store.appendBatch(lease, newBatch(Array.from({ length: segments }, () => `say ${name} now`)));
  const end = name === 'running' ? { kind: 'INTERRUPTED', crash: null } : { kind: 'COMPLETED', processedSeconds: 1 };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both are endings
  await store.finish(lease, { ...quietly, ...end } as Parameters<Store['finish']>[1]);
}

/** Leaves the database as the migration leaves one that had segments. */
function forgetIndex(file: string): void {
  const db = new Sqlite(file);
  db.exec(`
    insert into search (search) values ('delete-all');
    delete from search_job;
    insert into search_older values (1, ${Number.MAX_SAFE_INTEGER});
  `);
  db.close();
}
