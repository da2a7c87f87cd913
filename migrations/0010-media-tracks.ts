import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tracks of sound of a recording, as JSON. */
export const mediaTracks: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table media add column tracks text not null default '[]'`.execute(db);
  },
};
