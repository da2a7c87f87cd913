import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** Whether a database is PostgreSQL: what few statements must say in words of its own. */
export function isPostgres<T>(db: Kysely<T>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** A whole number as such: SQLite's driver gives every number as a float, which FTS5 does not compare with a rowid, and PostgreSQL must be told the type of what stands alone. */
export function whole(number: number): RawBuilder<number> {
  return sql<number>`cast(${number} as bigint)`;
}

/** The number that was last given to a row of a table, which may be gone; 0 where none was. */
export async function lastNumber(db: Kysely<Tables>, table: 'job_former' | 'log'): Promise<number> {
  const { rows } = await (
    isPostgres(db)
      ? sql<{ readonly last: number }>`
        select case when is_called then last_value else 0 end as last from ${sql.id(`${table}_id_seq`)}`
      : sql<{ readonly last: number }>`select seq as last from sqlite_sequence where name = ${table}`
  ).execute(db);
  return rows[0]?.last ?? 0;
}
