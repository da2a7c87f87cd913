import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MigrationError } from '../errors.ts';
import { openNotifier } from './notifier.ts';
import { openPostgresStore } from './postgres/open.ts';
import { openPostgresSide } from './postgres/side.ts';
import type { Side } from './sql/moving/move.ts';
import { moveMark } from './sql/moving/tables.ts';
import { openSqliteStore } from './sqlite/open.ts';
import { openSqliteSide } from './sqlite/side.ts';
import type { StoreOptions } from './options.ts';
import type { Store } from './store.ts';

/** How many connections a node has where nobody says. */
const usualConnections = 10;

/**
 * Opens a store, made or brought up to date where needed: the only way to one, whatever the database. A database that is not ours, was written by
 * a newer version or is damaged is not touched, nor one that a move has not filled yet: MigrationError.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = await openAny(options);
  if (options.forMove === 'to' || (await store.kept(moveMark)) === null) return store;
  await store[Symbol.asyncDispose]();
  throw new MigrationError(
    'The database is not whole: `phonograph migrate` was interrupted while it filled it. Call it again as before, and it goes on.',
  );
}

function openAny({ notifier = openNotifier(), ...options }: StoreOptions): Promise<Store> {
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

/** Takes a database for a move alone, with its tables up to date. Throws MigrationError or DirectoryInUseError where it is used or cannot be. */
export function openSide(options: SideOptions): Promise<Side> {
  const { database, isSource, databaseCaFile = null, leaseMs } = options;
  const prepare = async () => {
    const store = await openStore({ ...options, forMove: isSource ? 'from' : 'to' });
    await store[Symbol.asyncDispose]();
  };
  if (!isPostgresUrl(database)) return openSqliteSide(database, { isSource, prepare });
  return openPostgresSide({ address: { url: database, caFile: databaseCaFile, connections: 1 }, prepare, leaseMs });
}

interface SideOptions extends Pick<StoreOptions, 'database' | 'databaseCaFile' | 'mediaRoots'> {
  /** Whether it is read, and has to be there. */
  readonly isSource: boolean;
  /** A worker of which nothing was heard for so long is none any more. */
  readonly leaseMs: number;
}
