import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Who runs jobs, as each process says of itself, and the models that all of them are to have or to have no more. */
export const workers: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      create table worker (
        id text not null primary key,
        name text not null,
        version text not null,
        slots integer not null,
        devices text not null,
        models text not null,
        classes text not null,
        engine text,
        started_at integer not null,
        seen_at integer not null,
        draining integer not null default 0
      ) strict`.execute(db);
    await sql`
      create table model_request (
        model text not null primary key,
        action text not null,
        requested_at integer not null
      ) strict`.execute(db);
  },
};
