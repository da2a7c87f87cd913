import { Kysely } from 'kysely';
import { migrationsFor } from '#migrations/index.ts';
import type { Connection } from '../sql/database/connection.ts';
import { migrate, requireMigrated } from '../sql/database/migrator.ts';
import type { Tables } from '../sql/database/tables.ts';
import { lastArrival } from '../sql/jobs/queue.ts';
import { knownRoots, storeOn } from '../sql/store.ts';
import type { StoreOptions } from '../options.ts';
import type { Store } from '../store.ts';
import { openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { oneProcess } from './one-process.ts';
import { openFileSearcher, openMemorySearcher } from './search/searcher.ts';

/**
 * Opens the store in a SQLite file, made or brought up to date where needed. A file that is not ours, was written by a newer version or is
 * damaged is not touched: MigrationError.
 */
export async function openSqliteStore(
  options: StoreOptions & Required<Pick<StoreOptions, 'notifier'>>,
): Promise<Store> {
  const { notifier, now = Date.now, onQuery, mediaRoots = [] } = options;
  const database = await openDatabase(options.database);
  const isNew = database.prepare('select 1 from sqlite_schema').get() === undefined;
  const db = new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect(database),
    log: (event) => onQuery?.(event.query),
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => db.destroy());
  const migrations = migrationsFor(await knownRoots(mediaRoots));
  await (options.asItIs === true ? requireMigrated(db, migrations) : migrate(db, migrations));
  const connection: Connection = { db, notifier, ...oneProcess(db, now, await lastArrival(db)) };
  const searcher = stack.use(database.memory ? openMemorySearcher(database) : openFileSearcher(database.name));
  return storeOn({ connection, searcher, isNew, isShared: false, limits: null, owned: stack.move() });
}
