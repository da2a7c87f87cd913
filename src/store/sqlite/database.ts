import { existsSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { migrationsFor } from '#migrations/index.ts';
import { MigrationError } from '../../errors.ts';
import { migrationTable } from '../sql/database/migrator.ts';

/**
 * Opens a database file, or `:memory:`, so that a commit outlives a loss of power. Throws MigrationError for a file that is not ours,
 * without touching it, and for a disk on which that cannot be had.
 */
export async function openDatabase(file: string): Promise<Sqlite.Database> {
  const inMemory = file === ':memory:';
  const path = inMemory ? file : resolve(file);
  if (!inMemory) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const isNew = inMemory || (await inspect(path)) === 'new';
  const db = openFile(path);
  try {
    // Before the log is switched on, so that it stands in the file itself.
    if (isNew) db.pragma(`application_id = ${applicationId}`);
    setDurability(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openFile(path: string): Sqlite.Database {
  try {
    return new Sqlite(path);
  } catch (error) {
    throw new MigrationError(`${path} cannot be opened: ${String(error)}`, { cause: error });
  }
}

/** What SQLite forgets with every connection is set on every open, and read back: a database in WAL mode is opened as NORMAL silently. */
function setDurability(db: Sqlite.Database, path: string): void {
  const mode = db.pragma('journal_mode = wal', { simple: true });
  if (mode !== 'wal' && !db.memory) throw new MigrationError(`${path} cannot have a write-ahead log on this disk.`);
  db.pragma('synchronous = full');
  db.pragma('foreign_keys = on');
  db.pragma('journal_size_limit = 67108864');
  db.pragma('busy_timeout = 0'); // from here on the dialect waits, without blocking the event loop
  if (db.pragma('synchronous', { simple: true }) !== 2) throw new MigrationError(`${path} cannot be written durably.`);
  if (db.pragma('foreign_keys', { simple: true }) !== 1) throw new MigrationError(`${path} has no foreign keys.`);
}

/** Marks a database as Phonograph's: "PhGr". */
const applicationId = 0x50_68_47_72;

const magic = 'SQLite format 3\0'; // https://www.sqlite.org/fileformat.html, 1.3
const applicationIdOffset = 68;

/** 512 MiB: a check takes 1 s of a core, measured at 520 MB/s from memory; a start must not take minutes for a larger one. */
const largestCheckedBytes = 536_870_912;

/**
 * Whether the file is a new one (missing or empty) or a database that this version can use. Throws MigrationError for everything else,
 * without having written to it.
 */
export async function inspect(file: string): Promise<'new' | 'known'> {
  const header = await readHeader(file);
  if (header.length === 0) return 'new';
  if (header.toString('latin1', 0, magic.length) !== magic) throw new MigrationError(`${file} is not a database.`);
  if (header.length < 100 || header.readUInt32BE(applicationIdOffset) !== applicationId) {
    throw new MigrationError(`${file} is a database of another program.`);
  }
  const known = migrationsFor([]);
  const unknown = readMigrations(file).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return 'known';
  throw new MigrationError(
    `${file} was written by a newer version of Phonograph (migration ${unknown}). Use that version or a newer one.`,
  );
}

/** The first 100 bytes: they tell whose file it is without SQLite, which would leave files of its own beside it. */
async function readHeader(file: string): Promise<Buffer> {
  if (!existsSync(file)) return Buffer.alloc(0);
  try {
    await using handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new MigrationError(`${file} cannot be read.`, { cause: error });
  }
}

/** The migrations that ran, after a check of the whole file as far as it can be afforded. */
function readMigrations(file: string): readonly string[] {
  try {
    // Without a log beside it, closing writes nothing; with one, only a reader leaves it as it is.
    const db = new Sqlite(file, { readonly: existsSync(`${file}-wal`), fileMustExist: true });
    try {
      if (statSync(file).size <= largestCheckedBytes) check(db);
      const has = db.prepare<[string]>("select 1 from sqlite_master where type = 'table' and name = ?");
      if (has.get(migrationTable) === undefined) return [];
      return db
        .prepare<[], { name: string }>(`select name from ${migrationTable}`)
        .all()
        .map((row) => row.name);
    } finally {
      db.close();
    }
  } catch (error) {
    throw new MigrationError(
      isDamage(error)
        ? `${file} is damaged: ${firstLine(error)}. Restore it from a backup.`
        : `${file} cannot be opened: ${firstLine(error)}. The server's user must be able to read and write it, and what lies beside it.`,
      { cause: error },
    );
  }
}

/** What the check found has no code; everything else says that the file could not be read or written, and nothing about what is in it. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === '' || code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/**
 * Every page of every table once, without comparing tables with their indexes (https://www.sqlite.org/pragma.html#pragma_quick_check). Table by
 * table: of a virtual one, which the index for the search is, a check of the whole reads all that it was made of, at 10 s for 1,000,000 segments.
 */
function check(db: Sqlite.Database): void {
  const tables = db.prepare<[], string>("select name from sqlite_schema where type = 'table' and rootpage > 0").pluck();
  for (const table of tables.all()) {
    const found = db.pragma(`quick_check("${table}")`, { simple: true });
    if (found !== 'ok') throw new Error(String(found));
  }
}

/** SQLite tells the place of a damage on lines of its own. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split('\n')
    .filter((line) => !line.startsWith('***'))
    .join(' ')
    .trim();
}
