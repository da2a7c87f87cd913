import { basename, dirname, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { foldForPart } from '#src/jobs/job-filter.ts';

/** A media root as the settings name it, and every path by which a recording may have been stored that is under it. */
export interface KnownRoot {
  readonly configured: string;
  readonly paths: readonly string[];
}

const rowsAtOnce = 5000;

/**
 * Recordings are found by a name and not by an absolute path: by that of the copy in the data directory, or by that below the longest media root
 * that fits. Names are compared without accents, and the oldest job that waits is found by an index.
 */
export function mediaKeys(roots: readonly KnownRoot[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await nameMedia(db, roots);
      await foldNames(db);
      await sql`create index job_waiting on job (status, queued_at)`.execute(db);
    },
  };
}

async function nameMedia(db: Kysely<unknown>, roots: readonly KnownRoot[]): Promise<void> {
  await sql`drop index media_path`.execute(db);
  await db.schema.alterTable('media').addColumn('root', 'text').execute();
  const prefixes = roots
    .flatMap(({ configured, paths }) =>
      paths.map((path) => ({ configured, prefix: path.endsWith(sep) ? path : path + sep })),
    )
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  for await (const rows of slices(
    db,
    (after) => sql<MediaRow>`
    select rowid as number, path, stored from media where rowid > ${after} order by rowid limit ${sql.lit(rowsAtOnce)}`,
  )) {
    const keys = rows.map(({ number, path, stored }) => {
      if (stored === 1) return { number, root: null, path: basename(path) };
      const found = prefixes.find(({ prefix }) => path.startsWith(prefix));
      // No root fits any more: it is found again once its folder is under one.
      if (found === undefined) return { number, root: dirname(path), path: basename(path) };
      return { number, root: found.configured, path: path.slice(found.prefix.length) };
    });
    await sql`
      update media set root = key.value ->> 'root', path = key.value ->> 'path'
      from json_each(${JSON.stringify(keys)}) as key where media.rowid = key.value ->> 'number'`.execute(db);
  }
  await sql`alter table media drop column stored`.execute(db);
  await sql`create index media_kept on media (path) where root is null`.execute(db);
}

interface MediaRow {
  readonly number: number;
  readonly path: string;
  readonly stored: 0 | 1;
}

/** What parts of names are found by has no accents any more. */
async function foldNames(db: Kysely<unknown>): Promise<void> {
  for (const [table, column] of [
    ['job_title', 'job.title'],
    ['job_media_name', 'media.name'],
  ] as const) {
    await sql`delete from ${sql.table(table)}`.execute(db);
    for await (const rows of slices(
      db,
      (after) => sql<NameRow>`
      select job.number, ${sql.ref(column)} as text from job join media on media.id = job.media_id
      where job.number > ${after} order by job.number limit ${sql.lit(rowsAtOnce)}`,
    )) {
      const folded = rows.flatMap(({ number, text }) => (text === null ? [] : [{ number, text: foldForPart(text) }]));
      await sql`
        insert into ${sql.table(table)} (rowid, text)
        select name.value ->> 'number', name.value ->> 'text' from json_each(${JSON.stringify(folded)}) as name`.execute(
        db,
      );
    }
  }
}

interface NameRow {
  readonly number: number;
  readonly text: string | null;
}

/** The rows of a query that is bounded by the number after which it begins. */
async function* slices<Row extends { readonly number: number }>(
  db: Kysely<unknown>,
  query: (after: number) => RawBuilder<Row>,
): AsyncGenerator<readonly Row[]> {
  for (let after = 0; ;) {
    const { rows } = await query(after).execute(db);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.number;
    // A signal is heard meanwhile.
    await setImmediate();
  }
}
