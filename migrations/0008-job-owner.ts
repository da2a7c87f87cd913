import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The jobs of a caller, newest first, are found by an index. */
export const jobOwner: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create index job_owner on job (api_key_id, number)`.execute(db);
  },
};
