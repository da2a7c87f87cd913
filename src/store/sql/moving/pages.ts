import { createHash } from 'node:crypto';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isPostgres, whole } from '../database/dialect.ts';
import { cleanText } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import type { MovedTable } from './tables.ts';

/** Rows that are held at a time: of up to 60 columns in a statement, of which SQLite takes 32,766 values. */
const rowsAtOnce = 500;
/** The texts of these together, or one row that is larger. */
const bytesAtOnce = 1_048_576;

type Value = string | number | null;
type Key = readonly Value[];

/** The rows of a table in one of the two databases. */
export interface Rows {
  readonly db: Kysely<Tables>;
  readonly table: MovedTable;
  /** Those that go along, in the order that both databases have them in: that of their names. */
  readonly columns: readonly string[];
  /** Those of them that may be long. */
  readonly texts: readonly string[];
}

/** Looks up what columns a table has. */
export async function openRows(db: Kysely<Tables>, table: MovedTable): Promise<Rows> {
  const { rows } = await (
    isPostgres(db)
      ? sql<Column>`
        select column_name as name, data_type as type from information_schema.columns
        where table_schema = current_schema() and table_name = ${table.name}`
      : sql<Column>`select name, type from pragma_table_info(${table.name})`
  ).execute(db);
  // What SQLite searches names by has no types, and its rowid is no column.
  const all = new Map([
    ...table.key.map((name) => [name, 'key'] as const),
    ...rows.map(({ name, type }) => [name, type] as const),
  ]);
  const columns = [...all.keys()].filter((name) => !table.without.includes(name)).toSorted();
  return { db, table, columns, texts: columns.filter((name) => /^(?:text)?$/iu.test(all.get(name) ?? '')) };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** The values of rows after a key, in the order of the columns; a page at a time, whose size is known before it is read. */
export async function* pagesOf(rows: Rows, after: Key | null): AsyncGenerator<readonly (readonly Value[])[]> {
  for (let last = after; ;) {
    const end = await endOfPage(rows, last);
    if (end === null) return;
    const { rows: page } = await sql<Readonly<Record<string, Value>>>`
      select ${columnList(rows.columns)} from ${sql.table(rows.table.name)}
      where ${inRange(rows.table, last)} and ${keyOf(rows.table)} <= ${keyValues(end)}
      order by ${keyList(rows.table)}`.execute(rows.db);
    yield page.map((row) => rows.columns.map((name) => clean(row[name] ?? null)));
    last = end;
  }
}

/** The last key of the next page; null where there are no more rows. No text is read for it: both databases tell its size without. */
async function endOfPage({ db, table, texts }: Rows, after: Key | null): Promise<Key | null> {
  const bytes = sql.join(
    [sql.lit(0), ...texts.map((name) => sql`coalesce(octet_length(${sql.id(name)}), 0)`)],
    sql` + `,
  );
  const { rows } = await sql<Readonly<Record<string, Value>> & { readonly bytes: number }>`
    select ${keyList(table)}, ${bytes} as bytes from ${sql.table(table.name)}
    where ${inRange(table, after)} order by ${keyList(table)} limit ${sql.lit(rowsAtOnce)}`.execute(db);
  let sum = 0;
  const tooMuch = rows.findIndex((row) => (sum += row.bytes) > bytesAtOnce);
  const last = tooMuch === -1 ? rows.at(-1) : rows[Math.max(0, tooMuch - 1)];
  return last === undefined ? null : table.key.map((name) => last[name] ?? null);
}

/** The key of the last row; null where there is none. */
export async function lastKey({ db, table }: Rows): Promise<Key | null> {
  const descending = sql.join(table.key.map((name) => sql`${sql.id(name)} desc`));
  const { rows } = await sql<Readonly<Record<string, Value>>>`
    select ${keyList(table)} from ${sql.table(table.name)} where ${sql.raw(table.where)}
    order by ${descending} limit 1`.execute(db);
  const last = rows[0];
  return last === undefined ? null : table.key.map((name) => last[name] ?? null);
}

/** How many there are. */
export async function countRows({ db, table }: Rows): Promise<number> {
  const { rows } = await sql<{ readonly number: number }>`
    select count(*) as number from ${sql.table(table.name)} where ${sql.raw(table.where)}`.execute(db);
  return rows[0]?.number ?? 0;
}

/** Adds a page of rows, all or none. */
export async function insertPage({ db, table, columns }: Rows, page: readonly (readonly Value[])[]): Promise<void> {
  const names = [...columns, ...Object.keys(table.instead)];
  const rest = Object.values(table.instead);
  // A key that is a number is told as such: what SQLite searches names by takes no other.
  const isKey = columns.map((name) => table.key.includes(name));
  const tuples = page.map((values) => {
    const told = values.map((value, at) => (isKey[at] === true && typeof value === 'number' ? whole(value) : value));
    return sql`(${sql.join([...told, ...rest])})`;
  });
  await sql`insert into ${sql.table(table.name)} (${columnList(names)}) values ${sql.join(tuples)}`.execute(db);
}

/** What a table holds, in a form that two databases can be compared by. */
export interface Contents {
  readonly rows: number;
  /** SHA-256 of all rows in the order of their keys, each as a list in JSON. */
  readonly sha256: string;
}

/** Reads a table from end to end. */
export async function contentsOf(rows: Rows, signal: AbortSignal): Promise<Contents> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const page of pagesOf(rows, null)) {
    signal.throwIfAborted();
    for (const values of page) hash.update(`${JSON.stringify(values)}\n`);
    count += page.length;
  }
  return { rows: count, sha256: hash.digest('hex') };
}

/** A text as every database keeps it, also where an older version has written it. */
function clean(value: Value): Value {
  return typeof value === 'string' && value.includes('\0') ? cleanText(value) : value;
}

function inRange(table: MovedTable, after: Key | null): RawBuilder<unknown> {
  const where = sql`(${sql.raw(table.where)})`;
  return after === null ? where : sql`${where} and ${keyOf(table)} > ${keyValues(after)}`;
}

function keyOf(table: MovedTable): RawBuilder<unknown> {
  return sql`(${keyList(table)})`;
}

function keyList({ key }: MovedTable): RawBuilder<unknown> {
  return columnList(key);
}

function keyValues(key: Key): RawBuilder<unknown> {
  return sql`(${sql.join(key.map((value) => (typeof value === 'number' ? whole(value) : value)))})`;
}

function columnList(names: readonly string[]): RawBuilder<unknown> {
  return sql.join(names.map((name) => sql.id(name)));
}
