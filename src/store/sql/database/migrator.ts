import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { MigrationError } from '../../../errors.ts';

/** Where the names of the migrations that ran are kept. */
export const migrationTable = 'migration';

/** Throws MigrationError where the tables are not up to date. */
export async function requireMigrated<T>(db: Kysely<T>, all: Readonly<Record<string, Migration>>): Promise<void> {
  const migrations = await openMigrator(db, all).getMigrations();
  if (migrations.every(({ executedAt }) => executedAt !== undefined)) return;
  throw new MigrationError('The server that runs is of an older version. Stop it first.');
}

function openMigrator<T>(db: Kysely<T>, all: Readonly<Record<string, Migration>>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...all }) },
    migrationTableName: migrationTable,
    migrationLockTableName: 'migration_lock',
  });
}

/**
 * Brings the tables up to date: each migration in a transaction of its own, so that what was done of a long list stays; those of a new database, which are quick, in one.
 *
 * Throws MigrationError where one fails.
 */
export async function migrate<T>(db: Kysely<T>, all: Readonly<Record<string, Migration>>): Promise<void> {
  const migrator = openMigrator(db, all);
  const isNew = (await migrator.getMigrations()).every(({ executedAt }) => executedAt === undefined);
  for (;;) {
    const { error, results = [] } = await (isNew ? migrator.migrateToLatest() : migrator.migrateUp());
    if (error !== undefined) {
      const name = results.find(({ status }) => status === 'Error')?.migrationName ?? 'the list of migrations';
      throw new MigrationError(`The database cannot be brought up to date: ${name} failed.`, {
        cause: error,
      });
    }
    if (results.length === 0 || isNew) return;
  }
}
