import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { foldForPart } from '#src/jobs/job-filter.ts';

const jobsAtOnce = 500;

/** What lists of jobs are found by, however many jobs there are: a number for each, their tags, parts of their names, and how many there are. */
export const jobLists: Migration = {
  async up(db: Kysely<unknown>) {
    await numberJobs(db);
    await createTags(db);
    await createNames(db);
    await countJobs(db);
  },
};

/** The order of the list as one number: the millisecond in which a job was created * 1,024, and a count within it. */
async function numberJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('job').addColumn('number', 'integer').execute();
  await sql`
    update job set number = numbered.number from (
      select id, created_at * 1024 + row_number() over (partition by created_at order by id) - 1 as number from job
    ) as numbered where numbered.id = job.id`.execute(db);
  await db.schema.createIndex('job_number').unique().on('job').column('number').execute();
  await db.schema.dropIndex('job_created').execute();
  await db.schema.dropIndex('job_status').execute();
  await db.schema.createIndex('job_status').on('job').columns(['status', 'number']).execute();
}

async function createTags(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('job_tag')
    .addColumn('tag', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('job_tag_key', ['tag', 'number'])
    .modifyEnd(sql`strict, without rowid`)
    .execute();
  await sql`insert or ignore into job_tag select tag.value, number from job, json_each(job.tags) as tag`.execute(db);
}

/**
 * Titles and names of recordings, folded by `foldForPart`, with an index of every three characters in a row. The rowid is the job's number.
 * https://www.sqlite.org/fts5.html#the_trigram_tokenizer
 */
async function createNames(db: Kysely<unknown>): Promise<void> {
  for (const name of ['job_title', 'job_media_name']) {
    await sql`create virtual table ${sql.table(name)} using fts5(
      text, detail=none, tokenize='trigram case_sensitive 1'
    )`.execute(db);
  }
  for (let jobs = await readNames(db, 0); jobs.length > 0; jobs = await readNames(db, jobs.at(-1)?.number ?? 0)) {
    for (const { number, title, name } of jobs) {
      // The driver gives every number as a real one, which FTS5 takes for no rowid.
      const rowid = sql`cast(${number} as integer)`;
      await sql`insert into job_media_name (rowid, text) values (${rowid}, ${foldForPart(name)})`.execute(db);
      if (title !== null)
        await sql`insert into job_title (rowid, text) values (${rowid}, ${foldForPart(title)})`.execute(db);
    }
  }
}

interface Names {
  readonly number: number;
  readonly title: string | null;
  readonly name: string;
}

async function readNames(db: Kysely<unknown>, after: number): Promise<readonly Names[]> {
  const { rows } = await sql<Names>`
    select job.number, job.title, media.name from job join media on media.id = job.media_id
    where job.number > ${after} order by job.number limit ${jobsAtOnce}`.execute(db);
  return rows;
}

/** Triggers count, so that whatever writes a job cannot forget to. */
async function countJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('job_count')
    .addColumn('status', 'text', (column) => column.primaryKey().notNull())
    .addColumn('jobs', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute();
  await sql`
    insert into job_count
    select value, (select count(*) from job where status = value)
    from json_each('["QUEUED", "WORKING", "COMPLETED", "FAILED", "CANCELLED"]')`.execute(db);
  await sql`create trigger job_added after insert on job begin
    update job_count set jobs = jobs + 1 where status = new.status; end`.execute(db);
  await sql`create trigger job_removed after delete on job begin
    update job_count set jobs = jobs - 1 where status = old.status; end`.execute(db);
  await sql`create trigger job_moved after update of status on job when new.status <> old.status begin
    update job_count set jobs = jobs - 1 where status = old.status;
    update job_count set jobs = jobs + 1 where status = new.status; end`.execute(db);
}
