import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { MigrationError } from '../../../errors.ts';
import { applicationId, inspect } from './inspect.ts';

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
