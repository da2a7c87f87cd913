import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** When a deleted job was accepted, and how much audio it had: what a caller has brought within a day counts all the same. */
export const deletedAudio: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table deleted add column created_at integer not null default 0`.execute(db);
    await sql`alter table deleted add column seconds real not null default 0`.execute(db);
    await sql`create index deleted_owner on deleted (owner, created_at)`.execute(db);
  },
};
