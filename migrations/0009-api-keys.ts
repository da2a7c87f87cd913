import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** API keys, of which the token itself is with the caller alone; and whose the jobs were that are deleted. */
export const apiKeys: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      create table api_key (
        id text not null primary key,
        name text not null,
        role text not null,
        sha256 text not null unique,
        prefix text not null,
        created_at integer not null,
        expires_at integer,
        last_used_at integer,
        revoked_at integer
      ) strict`.execute(db);
    await sql`create table deleted (job_id text not null primary key, owner text, time integer not null) strict`.execute(
      db,
    );
    await sql`create index deleted_time on deleted (time)`.execute(db);
  },
};
