import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * The full-text index of segments. An entry's rowid is 2^24 times the number of its job in `search_job`, plus the index of its segment.
 *
 * Contentless: texts stay in `segment` alone. The tokenizer only parts at spaces what transcripts/search/tokens.ts has made of a text. What is already
 * there is indexed after the start, slice by slice, from `search_older` down.
 */
export const search: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create virtual table search using fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii')`.execute(
      db,
    );
    // Merges are made in small steps with each write: by themselves they take a core for a quarter of a second now and then.
    await sql`insert into search (search, rank) values ('automerge', 0), ('crisismerge', 1000)`.execute(db);
    await db.schema
      .createTable('search_job')
      .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement().notNull())
      // Null: the entries are of a transcript that is no more.
      .addColumn('job_id', 'text', (column) => column.unique().references('job.id').onDelete('set null'))
      // How many of its segments are indexed.
      .addColumn('segments', 'integer', (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute();
    await createOlder(db);
  },
};

/** At most one row: the number of the job from which on, the newest first, segments are to be indexed that were there before. */
async function createOlder(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('search_older')
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
  await sql`insert into search_older select 1, ${sql.lit(Number.MAX_SAFE_INTEGER)} where exists (select 1 from job)`.execute(
    db,
  );
}
