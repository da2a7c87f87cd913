import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Who is to be told of the ends of jobs, and the messages that are on their way or have arrived. A message outlives its job and its webhook: what is sent again
 * must not depend on whether they are still there.
 */
export const webhooks: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      create table webhook (
        id text not null primary key,
        url text not null,
        events text not null,
        secret text not null,
        owner text,
        every_job integer not null,
        created_at integer not null,
        succeeded_at integer,
        disabled_at integer
      ) strict`.execute(db);
    await sql`create index webhook_owner on webhook (owner)`.execute(db);
    await sql`
      create table delivery (
        number integer not null primary key autoincrement,
        id text not null unique,
        lane text not null,
        webhook_id text,
        url text,
        job_id text,
        owner text,
        event text not null,
        data text,
        created_at integer not null,
        attempts integer not null default 0,
        next_attempt_at integer,
        delivered_at integer,
        status integer,
        problem text
      ) strict`.execute(db);
    await sql`create index delivery_webhook on delivery (webhook_id, number)`.execute(db);
    // Of what is on its way: of each lane what is due, of each job whether something comes before it, and what is due next.
    await sql`create index delivery_lane on delivery (lane, next_attempt_at, number) where next_attempt_at is not null`.execute(
      db,
    );
    await sql`create index delivery_job on delivery (lane, job_id, number) where next_attempt_at is not null`.execute(
      db,
    );
    await sql`create index delivery_next on delivery (next_attempt_at) where next_attempt_at is not null`.execute(db);
    await sql`create index delivery_over on delivery (created_at) where next_attempt_at is null`.execute(db);
    await sql`alter table job add column callback_url text`.execute(db);
  },
};
