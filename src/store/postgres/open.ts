import { HandleEmptyInListsPlugin, Kysely, PostgresDialect, replaceWithNoncontingentExpression, sql } from 'kysely';
import { nanoid } from 'nanoid';
import { postgresMigrations } from '#migrations/index.ts';
import { MigrationError } from '../../errors.ts';
import type { Connection } from '../sql/database/connection.ts';
import { migrate, migrationTable, requireMigrated } from '../sql/database/migrator.ts';
import type { Tables } from '../sql/database/tables.ts';
import { storeOn } from '../sql/store.ts';
import type { Notifier } from '../notifier.ts';
import type { StoreOptions } from '../options.ts';
import type { Store } from '../store.ts';
import type { PostgresAddress } from './address.ts';
import { openPool, PatientPool, PatientPostgresDialect } from './dialect.ts';
import { sharedLimits } from './limits.ts';
import { manyNodes, openSharedTurns } from './many-nodes.ts';
import { connectNodes } from './notifier.ts';
import { openSearcher } from './searcher.ts';
import { refuseDuringMove } from './side.ts';

/** The oldest version that is supported by those who make it, and has what is asked of it. */
const oldestVersion = 140_000;

interface PostgresOptions extends Pick<StoreOptions, 'asItIs' | 'forMove' | 'onQuery' | 'now'> {
  readonly address: PostgresAddress;
  readonly notifier: Notifier;
}

/**
 * Opens the store in a database of PostgreSQL, which must be there; its tables are made or brought up to date where needed, by one node while others wait. Throws
 * MigrationError where it cannot be reached or used as it is.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { address, notifier, asItIs, forMove, onQuery, now } = options;
  const isNew = await prepare(address, asItIs === true);
  await using stack = new AsyncDisposableStack();
  const node = nanoid();
  const pool = new PatientPool(address);
  const db = new Kysely<Tables>({
    dialect: new PatientPostgresDialect(pool),
    // What is asked of no rows at all, SQLite answers as it is.
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
    log: (event) => onQuery?.(event.query),
  });
  stack.defer(() => db.destroy());
  if (forMove === undefined) await refuseDuringMove(db);
  if (asItIs !== true) await forgetOldTokens(db);
  const { inTurn } = stack.use(openSharedTurns(address));
  if (asItIs !== true) stack.use(await connectNodes({ address, notifier, db }));
  const connection: Connection = { db, notifier, ...manyNodes(db, inTurn, { node, clock: now }) };
  const limits = sharedLimits(db, node);
  return storeOn({ connection, searcher: openSearcher(pool), isNew, isShared: true, limits, owned: stack.move() });
}

const dayMs = 24 * 60 * 60 * 1000;

/** Of commits that nobody asks for any more: those of nodes that ended, and those that were lost. */
async function forgetOldTokens(db: Kysely<Tables>): Promise<void> {
  await sql`
    delete from commit_token where token in (
      select token from commit_token where time < extract(epoch from clock_timestamp()) * 1000 - ${sql.lit(dayMs)}
      for update skip locked
    )`.execute(db);
}

/** Makes the tables, or brings them up to date; whether there were none. On a connection of its own, on which nothing is hurried. */
async function prepare(address: PostgresAddress, asItIs: boolean): Promise<boolean> {
  const pool = openPool(address, { max: 1 });
  await using db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    const ran = await inspect(db);
    if (Object.keys(postgresMigrations).every((name) => ran.includes(name))) return false;
    await (asItIs ? requireMigrated(db, postgresMigrations) : migrate(db, postgresMigrations));
    return ran.length === 0;
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      `The database cannot be used: ${reason}. See that it runs, and that databaseUrl (PHONOGRAPH_DATABASE_URL) leads to it.`,
      { cause: error },
    );
  }
}

/** The names of the migrations that ran. Throws MigrationError where it is not as it must be, without having written to it. */
async function inspect(db: Kysely<Tables>): Promise<readonly string[]> {
  const { rows } = await sql<{
    readonly version: string;
    readonly encoding: string;
    readonly migrations: string | null;
  }>`
    select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
      to_regclass(${migrationTable})::text as migrations`.execute(db);
  const [found] = rows;
  if (Number(found?.version) < oldestVersion) throw new MigrationError('The database must be PostgreSQL 14 or newer.');
  if (found?.encoding !== 'UTF8')
    throw new MigrationError(`The encoding of the database is ${found?.encoding}; it must be UTF8.`);
  if (found.migrations === null) return [];
  const ran = await sql<{ readonly name: string }>`select name from ${sql.table(migrationTable)}`.execute(db);
  const unknown = ran.rows.find(({ name }) => !Object.hasOwn(postgresMigrations, name));
  if (unknown === undefined) return ran.rows.map(({ name }) => name);
  throw new MigrationError(
    `The database was written by a newer version of Phonograph (migration ${unknown.name}). Use that version or a newer one.`,
  );
}
