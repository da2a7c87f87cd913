import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The events that voided a transcript: how many came before it tells a segment from those that had its place in earlier ones. */
export const clearedTranscripts: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('cleared')
      .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
      .addColumn('seq', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('cleared_key', ['job_id', 'seq'])
      .modifyEnd(sql`strict, without rowid`)
      .execute();
    // Events are many, and read for the few jobs alone that can have such a one: nobody completes after it in the first attempt.
    await sql`
      insert into cleared (job_id, seq)
      select event.job_id, event.seq
      from job cross join event on event.job_id = job.id
      where (job.status <> 'COMPLETED' or exists (select 1 from attempt where attempt.job_id = job.id and attempt.number > 1))
        and event.kind = 'TRANSCRIPT_CLEARED'`.execute(db);
  },
};
