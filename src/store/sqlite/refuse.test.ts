import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '../../testing/temporary.ts';
import { added } from '../contract/samples.ts';

const cases: readonly {
  readonly title: string;
  readonly message: RegExp;
  readonly write: (file: string) => Promise<unknown> | void;
}[] = [
  { title: 'a text', message: /is not a database/, write: (file) => writeFile(file, 'Dear diary, '.repeat(1000)) },
  { title: 'a few bytes', message: /is not a database/, write: (file) => writeFile(file, 'SQLite') },
  {
    title: 'only the magic of a database',
    message: /another program/,
    write: (file) => writeFile(file, 'SQLite format 3\0'),
  },
  {
    title: 'a database with tables of another program',
    message: /another program/,
    write: (file) => runSql(file, 'create table job (id text)'),
  },
  {
    title: 'a database in WAL mode that another program marked as its own',
    message: /another program/,
    write: (file) => runSql(file, 'pragma application_id = 252006673; pragma journal_mode = wal; create table t (id)'),
  },
  {
    title: 'a database of a newer version',
    message: /newer version of Phonograph \(migration 9999-later\)/,
    async write(file) {
      await fill(file);
      runSql(file, "insert into migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')");
    },
  },
  {
    title: 'a database whose first tables are damaged',
    message: /is damaged/,
    async write(file) {
      await fill(file);
      const bytes = await readFile(file);
      await writeFile(file, Buffer.concat([bytes.subarray(0, 100), randomBytes(bytes.length - 100)]));
    },
  },
  {
    title: 'a database with one damaged page',
    message: /is damaged/,
    async write(file) {
      await fill(file);
      const page = rootPageOf(file, 'event') - 1;
      const bytes = await readFile(file);
      bytes.fill(0x5a, page * 4096, (page + 1) * 4096);
      await writeFile(file, bytes);
    },
  },
  {
    title: 'a database that was cut off',
    message: /is damaged/,
    async write(file) {
      await fill(file);
      await writeFile(file, (await readFile(file)).subarray(0, 5000));
    },
  },
];

for (const { title, message, write } of cases) {
  test(`${title} is refused and not touched`, async () => {
    await using temporary = await openTemporary();
    const file = join(temporary.directory, 'phonograph.db');
    await write(file);
    const before = await digest(temporary.directory);
    await assert.rejects(openStore({ database: file }), (error: Error) => {
      assert.equal(error.name, 'MigrationError');
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(file) && !error.message.includes('\n'));
      return true;
    });
    assert.deepEqual(await digest(temporary.directory), before);
  });
}

test('a newer database whose server was killed is refused, its log not touched either', async () => {
  await using temporary = await openTemporary();
  const [file, left] = ['phonograph.db', 'left.db'].map((name) => join(temporary.directory, name));
  assert.ok(file && left);
  await fill(file);
  const writer = new Sqlite(file);
  temporary.stack.defer(() => {
    writer.close();
  });
  writer.exec("insert into migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00.000Z')");
  await copyFile(file, left);
  await copyFile(`${file}-wal`, `${left}-wal`);
  await assert.rejects(openStore({ database: left }), /9999-later/);
  assert.deepEqual(await readFile(left), await readFile(file));
  assert.deepEqual(await readFile(`${left}-wal`), await readFile(`${file}-wal`));
});

test('an empty file is a new database', async () => {
  await using temporary = await openTemporary();
  const file = join(temporary.directory, 'phonograph.db');
  await writeFile(file, '');
  await fill(file);
  await fill(file);
  await using store = await openStore({ database: file });
  assert.equal(await store.countJobs({}), 2);
});

async function fill(file: string): Promise<void> {
  await using store = await openStore({ database: file });
  await added(store);
}

function runSql(file: string, sql: string): void {
  const db = new Sqlite(file);
  db.exec(sql);
  db.close();
}

function rootPageOf(file: string, table: string): number {
  const db = new Sqlite(file, { readonly: true });
  const page = db.prepare<[string]>('select rootpage from sqlite_master where name = ?').pluck().get(table);
  db.close();
  assert.ok(typeof page === 'number');
  return page;
}

async function digest(directory: string): Promise<readonly (readonly [string, string])[]> {
  const names = await readdir(directory);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const bytes = await readFile(join(directory, name));
      return [name, createHash('sha256').update(bytes).digest('hex')] as const;
    }),
  );
}
