import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openNotifier } from './notifier.ts';
import { openPostgresStore } from './postgres/open.ts';
import { openSqliteStore } from './sqlite/open.ts';
import type { StoreOptions } from './options.ts';
import type { Store } from './store.ts';

/** How many connections a node has where nobody says. */
const usualConnections = 10;

/**
 * Opens a store, made or brought up to date where needed: the only way to one, whatever the database. A database that is not ours, was written by
 * a newer version or is damaged is not touched: MigrationError.
 */
export function openStore({ notifier = openNotifier(), ...options }: StoreOptions): Promise<Store> {
  if (!isPostgresUrl(options.database)) return openSqliteStore({ ...options, notifier });
  const { database: url, databaseCaFile: caFile = null, databaseConnections: connections = usualConnections } = options;
  return openPostgresStore({ ...options, address: { url, caFile, connections }, notifier });
}

/** Whether a database is one in PostgreSQL, and no file. */
export function isPostgresUrl(database: string): boolean {
  return /^postgres(?:ql)?:/u.test(database);
}

type DatabaseSettings = Pick<
  Config['server'],
  'dataDirectory' | 'databaseUrl' | 'databaseCaFile' | 'databaseConnections'
>;

/** Where a server with these settings keeps its jobs. */
export function databaseOf({
  dataDirectory,
  databaseUrl,
  databaseCaFile,
  databaseConnections,
}: DatabaseSettings): Required<Pick<StoreOptions, 'database' | 'databaseCaFile' | 'databaseConnections'>> {
  return { database: databaseUrl ?? join(dataDirectory, 'phonograph.db'), databaseCaFile, databaseConnections };
}
