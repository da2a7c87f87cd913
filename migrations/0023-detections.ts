import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Jobs whose speakers are to be told apart again: a queue that any worker takes from. There is a row only while somebody waits for it. */
export const detections: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table detection (
      id text not null primary key,
      job_id text not null references job (id) on delete cascade,
      min_speakers integer, max_speakers integer,
      requested_at integer not null, renewed_at integer not null,
      lease text, worker text, ended integer not null default 0, problem text
    ) strict, without rowid`.execute(db);
    await sql`create index detection_job on detection (job_id)`.execute(db);
  },
};
