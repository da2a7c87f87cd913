import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const jobsAtOnce = 1000;
const segmentsAtOnce = 2000;

/**
 * What somebody has made of segments, beside what the engine heard; and who speaks. The texts of an edit are large, and are written before it counts: which one
 * stands for a segment is told by `edited`, whose rows are so small that a whole transcript is changed at once.
 */
export const edits: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create table edit (
      job_id text not null, "index" integer not null, place integer not null,
      start_ms integer not null, end_ms integer not null, text text not null, speaker text, words text,
      primary key (job_id, "index", place)
    ) strict, without rowid`.execute(db);
    await sql`create table edited (
      job_id text not null, "index" integer not null, place integer not null, primary key (job_id, "index")
    ) strict, without rowid`.execute(db);
    await sql`create table stale_edit (job_id text not null primary key) strict, without rowid`.execute(db);
    await sql`create table speaker (
      job_id text not null references job (id) on delete cascade, key text not null, name text,
      heard integer not null, segments integer not null, speaking_ms integer not null, primary key (job_id, key)
    ) strict, without rowid`.execute(db);
    await addSpeakers(db);
  },
};

/** Jobs whose channels were transcribed one by one have one speaker a channel. */
async function addSpeakers(db: Kysely<unknown>): Promise<void> {
  for (let after = -1; ;) {
    const { rows } = await sql<{ readonly number: number; readonly split: string | null; readonly channels: number }>`
      select job.number, coalesce(media.channels, 0) as channels,
        iif(json_valid(options) and options ->> 'channels' = 'SPLIT', job.id, null) as split
      from job join media on media.id = job.media_id
      where job.number > ${after} order by job.number limit ${sql.lit(jobsAtOnce)}`.execute(db);
    for (const { split, channels } of rows) if (split !== null) await addSpeakersOf(db, split, channels);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.number;
    // A signal is heard meanwhile.
    await setImmediate();
  }
}

async function addSpeakersOf(db: Kysely<unknown>, jobId: string, channels: number): Promise<void> {
  for (let channel = 1, last = channels > 1 ? channels : 0; channel <= last; channel += 1) {
    await sql`insert into speaker values (${jobId}, ${String(channel)}, null, 1, 0, 0)`.execute(db);
  }
  for (let after = -1; ;) {
    const { rows } = await sql<{ readonly last: number | null }>`
      select max("index") as last from (
        select "index" from segment where job_id = ${jobId} and "index" > ${after}
        order by "index" limit ${sql.lit(segmentsAtOnce)})`.execute(db);
    const last = rows[0]?.last ?? null;
    if (last === null) return;
    await sql`
      insert into speaker (job_id, key, heard, segments, speaking_ms)
      select job_id, speaker, 1, count(*), sum(end_ms - start_ms) from segment
      where job_id = ${jobId} and "index" > ${after} and "index" <= ${last} and speaker is not null
      group by speaker
      on conflict (job_id, key) do update
      set segments = segments + excluded.segments, speaking_ms = speaking_ms + excluded.speaking_ms`.execute(db);
    after = last;
    await setImmediate();
  }
}
