import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How much log lines hold, told by each line for itself and all before it, so that the oldest can go without counting the rest. */
export const logSize: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('log')
      .addColumn('total_bytes', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`
      update log set total_bytes = sums.total from (
        select id, sum(octet_length(event) + octet_length(message) + coalesce(octet_length(fields), 0) + 100) over (order by id) as total
        from log
      ) as sums
      where sums.id = log.id`.execute(db);
  },
};
