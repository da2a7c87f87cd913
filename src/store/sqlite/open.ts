import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, type CompiledQuery } from 'kysely';
import type { Bell } from '../../bell.ts';
import { MigrationError } from '../../errors.ts';
import type { Store } from '../port.ts';
import { arrivals } from './clock.ts';
import type { Connection } from './connection.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { applicationId, inspect } from './inspect.ts';
import { intake } from './intake.ts';
import { journal } from './journal.ts';
import { migrate } from './migrate.ts';
import { probe } from './probe.ts';
import { reading } from './reading.ts';
import { settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { work } from './work.ts';

/** Where the database is, and what the store tells and asks. */
export interface SqliteStoreOptions {
  /** A path, or `:memory:`; its directory is made where it is missing. */
  readonly file: string;
  readonly bell: Bell;
  /** Milliseconds since 1970; the machine's clock where absent. */
  readonly now?: () => number;
  /** Hears every statement, for tests and measurements. */
  readonly onQuery?: (query: CompiledQuery) => void;
}

/**
 * Opens the store in a SQLite file, made or brought up to date where needed. A file that is not ours, was written by a newer version or is
 * damaged is not touched: MigrationError.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { bell, now = Date.now, onQuery } = options;
  const db = new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect({ database: await openDatabase(options.file) }),
    log: (event) => onQuery?.(event.query),
  });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const connection: Connection = { db, bell, now, arrival: arrivals(now) };
  return {
    ...intake(connection),
    ...reading(connection),
    ...work(connection),
    ...journal(connection),
    ...settings(connection),
    probe: () => probe(connection),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

async function openDatabase(file: string): Promise<Sqlite.Database> {
  const inMemory = file === ':memory:';
  const path = inMemory ? file : resolve(file);
  if (!inMemory) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const isNew = inMemory || (await inspect(path)) === 'new';
  const db = new Sqlite(path);
  try {
    // Before the log is switched on, so that it stands in the file itself.
    if (isNew) db.pragma(`application_id = ${applicationId}`);
    setDurability(db, path);
    db.function('lower', { deterministic: true }, lower);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What SQLite forgets with every connection is set on every open, and read back: a database in WAL mode is opened as NORMAL silently. */
function setDurability(db: Sqlite.Database, path: string): void {
  const mode = db.pragma('journal_mode = wal', { simple: true });
  if (mode !== 'wal' && !db.memory)
    throw new MigrationError(`${path} cannot keep a write-ahead log: it is in mode ${String(mode)}.`);
  db.pragma('synchronous = full');
  db.pragma('foreign_keys = on');
  db.pragma('journal_size_limit = 67108864');
  db.pragma('busy_timeout = 0'); // from here on the dialect waits, without blocking the event loop
  if (db.pragma('synchronous', { simple: true }) !== 2) throw new MigrationError(`${path} cannot be written durably.`);
  if (db.pragma('foreign_keys', { simple: true }) !== 1) throw new MigrationError(`${path} has no foreign keys.`);
}

/** SQLite's own knows the letters of ASCII alone. */
function lower(text: unknown): unknown {
  return typeof text === 'string' ? text.toLowerCase() : text;
}
