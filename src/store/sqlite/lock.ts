import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { DirectoryInUseError, DirectoryNotWritableError } from '../../errors.ts';

/**
 * Takes a data directory for this server alone, until it is disposed of or its process ends, however that may be. Throws DirectoryInUseError
 * where another server has it, DirectoryNotWritableError where nothing can be written.
 *
 * Two servers on one database would each reap the jobs of the other. The lock is SQLite's own on a file that stays empty: the kernel lets go of
 * it with the process, and children do not inherit it.
 */
export async function lockDataDirectory(directory: string): Promise<Disposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await access(directory, constants.W_OK).catch((cause: unknown) => {
    throw new DirectoryNotWritableError(directory, { cause });
  });
  await makePrivate(directory);
  const db = new Sqlite(join(directory, 'server.lock'), { timeout: 0 });
  try {
    db.exec('begin exclusive');
  } catch (error) {
    db.close();
    throw isHeld(error) ? new DirectoryInUseError(directory, { cause: error }) : error;
  }
  return {
    [Symbol.dispose]: () => {
      db.close();
    },
  };
}

/** Files that an older version, or another umask, has left for others to read. SQLite gives its log the permissions of the database. */
async function makePrivate(directory: string): Promise<void> {
  const names = ['server.lock', 'phonograph.db', 'phonograph.db-wal', 'phonograph.db-shm'];
  // Not there, or another user's: then that user decides.
  await Promise.allSettled(names.map((name) => chmod(join(directory, name), 0o600)));
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
