import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How loud a recording is from its beginning to its end, as JSON. */
export const mediaPeaks: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table media add column peaks text`.execute(db);
  },
};
