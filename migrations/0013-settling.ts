import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Whether a job still waits for its recording to be written to its end; the queue is read past it without a look at its row. */
export const settling: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table job add column settling integer not null default 0`.execute(db);
    await sql`create index job_settling on job (number) where settling = 1`.execute(db);
    await db.schema.dropIndex('job_queue').execute();
    await db.schema
      .createIndex('job_queue')
      .on('job')
      .columns(['status', 'priority desc', 'begun desc', 'caller', 'queued_at', 'id', 'settling'])
      .execute();
  },
};
