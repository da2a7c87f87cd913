import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Finds recordings by their bytes. */
export const reuse: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create index media_sha256 on media (sha256) where sha256 is not null`.execute(db);
  },
};
