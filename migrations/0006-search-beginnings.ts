import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Empties the full-text index: its entries have the beginnings of words now, and what is there is indexed anew after the start. */
export const searchBeginnings: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`drop table search`.execute(db);
    await sql`create virtual table search using fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii')`.execute(
      db,
    );
    await sql`insert into search (search, rank) values ('automerge', 0), ('crisismerge', 1000)`.execute(db);
    await sql`delete from search_job`.execute(db);
    await sql`insert or replace into search_older select 1, ${sql.lit(Number.MAX_SAFE_INTEGER)} where exists (select 1 from job)`.execute(
      db,
    );
  },
};
