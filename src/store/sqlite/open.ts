import { Kysely, type CompiledQuery } from 'kysely';
import { migrationsFor } from '#migrations/index.ts';
import type { KnownRoot } from '#migrations/0007-media-keys.ts';
import type { Bell } from '../../bell.ts';
import type { MediaRoot } from '../../config.ts';
import { realPaths } from '../../media/real-file.ts';
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
  /** By which recordings are named that an older version has stored by their path; none where absent. */
  readonly mediaRoots?: readonly MediaRoot[];
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
  const { bell, now = Date.now, onQuery, mediaRoots = [] } = options;
  const database = await openDatabase(options.file);
  const isNew = database.prepare('select 1 from sqlite_schema').get() === undefined;
  const db = new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect(database),
    log: (event) => onQuery?.(event.query),
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => db.destroy());
  await migrate(db, migrationsFor(await knownRoots(mediaRoots)));
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
    isNew,
    probe: () => probe(connection),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Older versions stored where a recording really was. */
async function knownRoots(roots: readonly MediaRoot[]): Promise<readonly KnownRoot[]> {
  const reals = await realPaths(roots.map(({ path }) => path));
  return roots.map(({ configured, path }, at) => ({ configured, paths: [path, reals[at] ?? path] }));
}
