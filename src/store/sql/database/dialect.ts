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

/** The tables whose rows are numbered as they come. */
export const numberedTables = ['job_former', 'log', 'delivery', 'search_job'] as const;

type NumberedTable = (typeof numberedTables)[number];

/** What their numbers are called. */
const numbers = { job_former: 'id', log: 'id', delivery: 'number', search_job: 'number' } as const;

/** The number that was last given to a row of a table, which may be gone; 0 where none was. */
export async function lastNumber(db: Kysely<Tables>, table: NumberedTable): Promise<number> {
  const { rows } = await (
    isPostgres(db)
      ? sql<{ readonly last: number }>`
        select case when is_called then last_value else 0 end as last from ${sql.id(sequenceOf(table))}`
      : sql<{ readonly last: number }>`select seq as last from sqlite_sequence where name = ${table}`
  ).execute(db);
  return rows[0]?.last ?? 0;
}

/** Has the next row of a table be numbered after `last`. */
export async function setLastNumber(db: Kysely<Tables>, table: NumberedTable, last: number): Promise<void> {
  if (isPostgres(db)) {
    await sql`select setval(${sequenceOf(table)}, ${whole(Math.max(1, last))}, ${sql.lit(last > 0)})`.execute(db);
    return;
  }
  await sql`delete from sqlite_sequence where name = ${table}`.execute(db);
  await sql`insert into sqlite_sequence (name, seq) values (${table}, ${whole(last)})`.execute(db);
}

function sequenceOf(table: NumberedTable): string {
  return `${table}_${numbers[table]}_seq`;
}
