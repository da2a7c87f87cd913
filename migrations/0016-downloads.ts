import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Where recordings are fetched from that are given by URL, until they are there. What is fetched next is read by the places that its jobs have in the queue;
 * a trigger keeps them, so that whatever moves, cancels or fails a job cannot forget to.
 */
export const downloads: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table download (
      job_id text not null primary key references job (id) on delete cascade,
      url text not null, validator text, waiting integer not null,
      caller text not null, priority integer not null, queued_at integer not null
    ) strict, without rowid`.execute(db);
    await sql`create index download_next on download (caller, priority desc, queued_at) where waiting = 1`.execute(db);
    await sql`create trigger download_place after update of status, settling, priority, queued_at on job
      when 2 in (old.settling, new.settling) begin
      update download set waiting = new.status = 'QUEUED' and new.settling = 2, priority = new.priority, queued_at = new.queued_at
        where job_id = new.id; end`.execute(db);
  },
};
