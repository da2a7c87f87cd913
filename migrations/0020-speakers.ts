import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * How voices sound, of which speakers are made; and transcripts that are cut anew where the speaker changes. Which one stands is told by `revision` of the job: the
 * segments of each have their own range of indexes, so that the next one is written while nobody sees it. The first is what the engine heard, and stays as long as
 * speakers can be told apart again.
 */
export const speakers: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table job add column revision integer not null default 0`.execute(db);
    await sql`alter table job add column detections integer not null default 0`.execute(db);
    await sql`alter table segment add column part_of integer`.execute(db);
    await sql`alter table speaker add column merged_into text`.execute(db);
    await sql`alter table search_job add column prepared_for text`.execute(db);
    await sql`create table voice (
      job_id text not null, clip integer not null, pieces text not null, primary key (job_id, clip)
    ) strict, without rowid`.execute(db);
  },
};
