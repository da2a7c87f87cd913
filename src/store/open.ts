import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openNotifier } from './notifier.ts';
import { openSqliteStore } from './sqlite/open.ts';
import type { Store, StoreOptions } from './store.ts';

/**
 * Opens a store, made or brought up to date where needed: the only way to one, whatever the database. A database that is not ours, was written by
 * a newer version or is damaged is not touched: MigrationError.
 */
export function openStore({ notifier = openNotifier(), ...options }: StoreOptions): Promise<Store> {
  return openSqliteStore({ ...options, notifier });
}

/** Where a server with these settings keeps its jobs. */
export function databaseOf({ dataDirectory }: Pick<Config['server'], 'dataDirectory'>): string {
  return join(dataDirectory, 'phonograph.db');
}
