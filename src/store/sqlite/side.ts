import { dirname, resolve } from 'node:path';
import { Kysely } from 'kysely';
import { MigrationError } from '../../errors.ts';
import type { Side } from '../sql/moving/move.ts';
import type { Tables } from '../sql/database/tables.ts';
import { inspect, openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { lockDataDirectory } from './lock.ts';

/** Takes a SQLite file, whose folder is a data directory, for a move alone. Throws DirectoryInUseError where a server has it. */
export async function openSqliteSide(file: string, { isSource, prepare }: SideOptions): Promise<Side> {
  const path = resolve(file);
  // A folder is not made for a database that is not there.
  if (isSource && (await inspect(path)) === 'new') throw new MigrationError(`There is no database ${path}.`);
  await using stack = new AsyncDisposableStack();
  stack.use(await lockDataDirectory(dirname(path)));
  await prepare();
  const db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(await openDatabase(path)) });
  stack.defer(() => db.destroy());
  const owned = stack.move();
  return { db, name: path, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface SideOptions {
  readonly isSource: boolean;
  /** Brings its tables up to date. */
  readonly prepare: () => Promise<void>;
}
