import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kysely, sql } from 'kysely';
import { migrations } from '#migrations/index.ts';
import { openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { migrate } from './migrate.ts';
import type { Tables } from './tables.ts';

test('a migration that fails leaves nothing behind, and those before it stay', async () => {
  const database = await openDatabase(':memory:');
  await using db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
  const up = async (failing: typeof db): Promise<void> => {
    await sql`create table half (id integer)`.execute(failing);
    await sql`insert into nowhere values (1)`.execute(failing);
  };
  const broken = { ...migrations, '9998-good': { up: () => Promise.resolve() }, '9999-broken': { up } };
  await assert.rejects(migrate(db, broken), { name: 'MigrationError', message: /9999-broken/ });
  const names = database.prepare('select name from migration order by name').pluck().all();
  assert.deepEqual(names, [...Object.keys(migrations), '9998-good']);
  assert.deepEqual(database.prepare("select 1 from sqlite_master where name = 'half'").all(), []);
  await migrate(db, { ...broken, '9999-broken': { up: () => Promise.resolve() } });
});

test('migrations are named in the order in which they run', () => {
  const names = Object.keys(migrations);
  assert.deepEqual(names, names.toSorted());
  for (const name of names) assert.match(name, /^\d{4}-[a-z0-9-]+$/);
});
