import { Kysely, type CompiledQuery } from 'kysely';
import type { Bell } from '../../bell.ts';
import type { Store } from '../port.ts';
import { arrivals, places } from './clock.ts';
import type { Connection } from './connection.ts';
import { openDatabase } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import { intake } from './intake.ts';
import { journal } from './journal.ts';
import { migrate } from './migrate.ts';
import { probe } from './probe.ts';
import { lastPlace } from './queue.ts';
import { deletion } from './deletion.ts';
import { reading } from './reading.ts';
import { readingMany } from './reading-many.ts';
import { search } from './search/search.ts';
import { openFileSearcher, openMemorySearcher } from './search/searcher.ts';
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
  const database = await openDatabase(options.file);
  const db = new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect(database),
    log: (event) => onQuery?.(event.query),
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => db.destroy());
  await migrate(db);
  const connection: Connection = { db, bell, now, arrival: arrivals(now), place: places(await lastPlace(db)) };
  const searcher = stack.use(database.memory ? openMemorySearcher(database) : openFileSearcher(database.name));
  const owned = stack.move();
  const many = readingMany(connection);
  return {
    ...intake(connection),
    ...deletion(connection),
    ...reading(connection),
    ...many,
    ...search(connection, { searcher, jobsById: (ids) => many.jobsById(ids) }),
    ...work(connection),
    ...journal(connection),
    ...settings(connection),
    probe: () => probe(connection),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
