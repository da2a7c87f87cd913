import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const jobsAtOnce = 1000;
/** Far more than change between two looks of those who watch. */
export const formersKept = 10_000;

/**
 * When each job changed last, the order of these changes, and what a job was before them, as far as filters look at it. What a list is read by are tables and
 * not indexes, since an index can only be made in one go, and triggers fill them, so that whatever writes a job cannot forget to.
 */
export const jobChanges: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table job add column updated_at integer not null default 0`.execute(db);
    await sql`create table job_updated (updated_at integer not null, number integer not null, primary key (updated_at, number)) strict, without rowid`.execute(
      db,
    );
    await sql`create table job_language (language text not null, number integer not null, primary key (language, number)) strict, without rowid`.execute(
      db,
    );
    await fill(db);
    await keepUpdated(db);
    await keepLanguage(db);
    await createFormer(db);
  },
};

/** The last event of a job tells when it changed last. */
async function fill(db: Kysely<unknown>): Promise<void> {
  for (let after = -1; ;) {
    const { rows } = await sql<{ readonly number: number }>`
      select number from job where number > ${after} order by number limit ${sql.lit(jobsAtOnce)}`.execute(db);
    const last = rows.at(-1)?.number;
    if (last === undefined) return;
    const slice = sql`number > ${after} and number <= ${last}`;
    await sql`
      update job set updated_at = coalesce(
        (select time from event where job_id = job.id and seq = job.event_seq), finished_at, started_at, created_at
      ) where ${slice}`.execute(db);
    await sql`insert into job_updated select updated_at, number from job where ${slice}`.execute(db);
    await sql`
      insert into job_language
      select language_code, number from job where language_code is not null and ${slice}`.execute(db);
    after = last;
    // A signal is heard meanwhile.
    await setImmediate();
  }
}

async function keepUpdated(db: Kysely<unknown>): Promise<void> {
  await sql`create trigger job_updated_added after insert on job begin
    insert into job_updated values (new.updated_at, new.number); end`.execute(db);
  await sql`create trigger job_updated_removed after delete on job begin
    delete from job_updated where updated_at = old.updated_at and number = old.number; end`.execute(db);
  await sql`create trigger job_updated_moved after update of updated_at on job when new.updated_at <> old.updated_at begin
    delete from job_updated where updated_at = old.updated_at and number = old.number;
    insert into job_updated values (new.updated_at, new.number); end`.execute(db);
}

async function keepLanguage(db: Kysely<unknown>): Promise<void> {
  const remove = sql`delete from job_language where language = old.language_code and number = old.number`;
  const add = sql`insert into job_language select new.language_code, new.number where new.language_code is not null`;
  await sql`create trigger job_language_added after insert on job begin ${add}; end`.execute(db);
  await sql`create trigger job_language_removed after delete on job begin ${remove}; end`.execute(db);
  await sql`create trigger job_language_changed after update of language_code on job
    when new.language_code is not old.language_code begin ${remove}; ${add}; end`.execute(db);
}

/** The newest of what jobs have ceased to be, each until the change at `time`. */
async function createFormer(db: Kysely<unknown>): Promise<void> {
  await sql`create table job_former (
    id integer not null primary key autoincrement, number integer not null, time integer not null,
    status text not null, title text, tags text not null, language_code text
  ) strict`.execute(db);
  await sql`create index job_former_job on job_former (number, time)`.execute(db);
  await sql`create trigger job_former_kept after update of status, title, tags, language_code on job
    when new.status <> old.status or new.tags <> old.tags
      or new.title is not old.title or new.language_code is not old.language_code begin
    insert into job_former (number, time, status, title, tags, language_code)
      values (old.number, new.updated_at, old.status, old.title, old.tags, old.language_code);
    delete from job_former where id <= (select max(id) from job_former) - ${sql.lit(formersKept)}; end`.execute(db);
  await sql`create trigger job_former_removed after delete on job begin
    delete from job_former where number = old.number; end`.execute(db);
}
