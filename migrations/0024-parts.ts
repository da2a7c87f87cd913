import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Recordings that are read in parts: what of each is to be read, by whom it is, and what has come of it. Number 0 is the plan. Both databases take it as it is. */
export const parts: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      create table part (
        job_id text not null,
        number bigint not null,
        id text not null unique,
        first_batch bigint not null default 0,
        first_clip bigint not null default 0,
        first_sample bigint not null default 0,
        end_clip bigint,
        provenance text,
        lease text,
        worker text,
        pid bigint,
        pid_start_time text,
        renewed_at bigint,
        crashes bigint not null default 0,
        processed_seconds double precision not null default 0,
        done bigint not null default 0,
        failure text,
        plan text,
        primary key (job_id, number)
      )`.execute(db);
    await sql`
      create table part_batch (
        part_id text not null,
        batch bigint not null,
        segments text not null,
        voices text not null,
        checkpoint text not null,
        primary key (part_id, batch)
      )`.execute(db);
  },
};
