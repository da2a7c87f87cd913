import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { MigrationError } from '../../../errors.ts';
import { lastNumber, numberedTables, setLastNumber } from '../database/dialect.ts';
import { parseAny, toJson } from '../database/json.ts';
import type { Tables } from '../database/tables.ts';
import { contentsOf, countRows, insertPage, lastKey, openRows, pagesOf, type Contents, type Rows } from './pages.ts';
import { movedTables, type MovedTable, moveMark } from './tables.ts';

/** A database that nobody else uses meanwhile. */
export interface Side extends AsyncDisposable {
  readonly db: Kysely<Tables>;
  /** For a person: without a password. */
  readonly name: string;
}

/** Two of them, and who hears how far it is. */
export interface Move {
  readonly from: Side;
  readonly to: Side;
  /** Ends it between two pages; it goes on from there another time. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly doing: string; readonly done: number; readonly all: number }) => void;
}

const markKey = `own.${moveMark}`;

/**
 * Marks the target as one that is not whole yet, so that nothing else uses it; one that is marked already must be so from the same source, as it is now. Throws
 * MigrationError for a target that holds anything else.
 */
export async function beginMove({ from, to }: Pick<Move, 'from' | 'to'>): Promise<void> {
  const state = await stateOf(from.db);
  const row = await to.db.selectFrom('setting').select('value').where('key', '=', markKey).executeTakeFirst();
  if (row !== undefined) {
    if (parseAny(row.value) === state) return;
    throw new MigrationError(
      `${to.name} holds a part of another move, or ${from.name} has been used since this one began. ${anew}`,
    );
  }
  for (const table of movedTables) {
    if (table.isFilled || (await lastKey(await openRows(to.db, table))) === null) continue;
    throw new MigrationError(`${to.name} holds data already (${table.name}). ${anew}`);
  }
  await to.db
    .insertInto('setting')
    .values({ key: markKey, value: toJson(state), changed_at: Date.now(), changed_by: 'migrate' })
    .execute();
}

const anew = 'Name an empty database, or one that is not there yet.';

/** What no two databases have in common, and none twice: each start of a server writes log lines, and each change of a job has a time of its own. */
async function stateOf(db: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{
    readonly jobs: number;
    readonly changed: number | null;
    readonly deleted: number | null;
  }>`
    select (select count(*) from job) as jobs, (select max(updated_at) from job_updated) as changed,
      (select max(time) from deleted) as deleted`.execute(db);
  const ids = await sql<{ readonly id: string }>`select id from job order by number limit 1`.execute(db);
  const numbers: number[] = [];
  for (const table of numberedTables) numbers.push(await lastNumber(db, table));
  return createHash('sha256')
    .update(JSON.stringify([rows, ids.rows, numbers]))
    .digest('hex');
}

/** Copies the rows that the target does not have yet. */
export async function copyRows(move: Move): Promise<void> {
  const { from, to } = move;
  const tables = movedTables.filter(({ isFilled }) => !isFilled);
  const pairs = await Promise.all(tables.map((table) => bothSides(move, table)));
  let [all, done] = [0, 0];
  for (const [source, target] of pairs) {
    all += await countRows(source);
    done += await countRows(target);
  }
  for (const [source, target] of pairs) {
    const { name } = source.table;
    for await (const page of pagesOf(source, await lastKey(target))) {
      move.signal.throwIfAborted();
      await insertPage(target, page);
      done += page.length;
      move.onProgress({ doing: `copying ${name}`, done, all });
    }
  }
  // Numbers of rows that are gone are not given again: who follows them knows those.
  for (const table of numberedTables) await setLastNumber(to.db, table, await lastNumber(from.db, table));
}

/** A table that is the same on both sides. */
export interface ComparedTable extends Contents {
  readonly name: string;
}

/** Reads both sides from end to end. Throws MigrationError where they are not the same. */
export async function compareSides(move: Move): Promise<readonly ComparedTable[]> {
  const compared: ComparedTable[] = [];
  for (const table of movedTables) {
    const [source, target] = await bothSides(move, table);
    const [there, here] = await Promise.all([contentsOf(source, move.signal), contentsOf(target, move.signal)]);
    if (there.rows !== here.rows || there.sha256 !== here.sha256) {
      throw new MigrationError(
        `${table.name} is not the same on both sides, ${there.rows} rows and ${here.rows}: somebody has written to one of them meanwhile. ${anew}`,
      );
    }
    compared.push({ name: table.name, ...there });
    move.onProgress({ doing: 'comparing', done: compared.length, all: movedTables.length });
  }
  return compared;
}

async function bothSides({ from, to }: Move, table: MovedTable): Promise<readonly [Rows, Rows]> {
  return [await openRows(from.db, table), await openRows(to.db, table)];
}

/** Lets servers use the target. They index the texts of its segments, those of the newest job first. */
export async function finishMove({ to }: Pick<Move, 'to'>): Promise<void> {
  await to.db.transaction().execute(async (tx) => {
    await sql`
      insert into search_older (id, number) select 1, ${sql.lit(Number.MAX_SAFE_INTEGER)} where exists (select 1 from job)`.execute(
      tx,
    );
    await tx.deleteFrom('setting').where('key', '=', markKey).execute();
  });
}

/** A copy of a recording that a job has. */
export interface KeptRecording {
  readonly kept: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

const recordingsAtOnce = 500;
const isKept = sql`
  media.root is null and media.bytes is not null and exists (select 1 from job where job.media_id = media.id)`;

/** How many there are. */
export async function countRecordings({ db }: Pick<Side, 'db'>): Promise<number> {
  const { rows } = await sql<{ readonly number: number }>`select count(*) as number from media where ${isKept}`.execute(
    db,
  );
  return rows[0]?.number ?? 0;
}

/** The copies of recordings that are whole, each that a job has. */
export async function* keptRecordings({ db }: Pick<Side, 'db'>): AsyncGenerator<KeptRecording> {
  for (let after = ''; ;) {
    const { rows } = await sql<KeptRecording & { readonly id: string }>`
      select media.id, media.path as kept, media.bytes, media.sha256 from media where media.id > ${after} and ${isKept}
      order by media.id limit ${sql.lit(recordingsAtOnce)}`.execute(db);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
