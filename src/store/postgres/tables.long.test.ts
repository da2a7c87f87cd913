import assert from 'node:assert/strict';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openPostgres, postgresProgram } from '../../testing/postgres.ts';
import { openTemporary } from '../../testing/temporary.ts';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** 1 or 0. */
  readonly required: unknown;
}

/** What each database calls the same. */
const types: Readonly<Record<string, string>> = { INTEGER: 'bigint', REAL: 'double precision', TEXT: 'text' };
/** Indexes with columns of their own kind, and what several nodes alone need. */
const isOwn = (table: string) =>
  [
    'search',
    'job_title',
    'job_media_name',
    'delivery_claim',
    'download_claim',
    'commit_token',
    'rate',
    'held',
  ].includes(table);

test('both databases have the same tables and columns', { skip: postgresProgram.skip }, async () => {
  await using postgres = await openPostgres();
  const address = await postgres.emptied();
  const inPostgres = await postgres.ask(
    address,
    `select table_name as "table", column_name as name, data_type as type, (is_nullable = 'NO')::int as required
     from information_schema.columns where table_schema = 'public'`,
  );
  await using temporary = await openTemporary();
  const file = `${temporary.directory}/phonograph.db`;
  await (await openStore({ database: file }))[Symbol.asyncDispose]();
  const db = new Sqlite(file, { readonly: true });
  const inSqlite = db
    .prepare<[], Column>(
      `select list.name as "table", info.name, info.type, info."notnull" as required
       from pragma_table_list as list join pragma_table_xinfo(list.name) as info
       where list.schema = 'main' and list.type = 'table' and list.name not like 'sqlite_%'`,
    )
    .all()
    .map(({ type, ...rest }) => ({ ...rest, type: types[type] ?? type }));
  db.close();
  const ours = (rows: readonly unknown[]) =>
    (rows as readonly Column[])
      .filter(({ table }) => !table.startsWith('migration') && !isOwn(table))
      .map(({ table, name, type, required }) => `${table}.${name} ${type}${required === 1 ? ' not null' : ''}`)
      .toSorted();
  assert.ok(ours(inSqlite).length > 150);
  assert.deepEqual(ours(inPostgres), ours(inSqlite));
});
