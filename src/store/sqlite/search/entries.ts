import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Segment } from '../../../jobs/transcript.ts';
import { commit, type Connection } from '../database/connection.ts';
import { inPieces } from '../database/pieces.ts';
import type { Tables } from '../database/tables.ts';
import { entryNumber, reachOf } from './entry-number.ts';
import { entryText } from './entry-text.ts';

/** A slice takes milliseconds. */
const entriesPerSlice = 100;

/** The job of new segments, as it was before them. */
interface Grown {
  readonly id: string;
  readonly segment_count: number;
}

/** Indexes new segments of a job. One whose earlier segments are still to be indexed waits with them. */
export async function addEntries(tx: Transaction<Tables>, job: Grown, segments: readonly Segment[]): Promise<void> {
  if (segments.length === 0) return;
  const known = await tx.selectFrom('search_job').selectAll().where('job_id', '=', job.id).executeTakeFirst();
  if ((known?.segments ?? 0) < job.segment_count) return;
  const { number } =
    known ??
    (await tx
      .insertInto('search_job')
      .values({ job_id: job.id, segments: 0 })
      .returning('number')
      .executeTakeFirstOrThrow());
  await writeEntries(tx, number, segments);
}

/** Writes the entries of segments that follow those which the job has in the index. */
export async function writeEntries(
  tx: Transaction<Tables>,
  number: number,
  segments: readonly Pick<Segment, 'index' | 'text'>[],
): Promise<void> {
  for (const piece of inPieces(segments)) {
    const rows = piece.map(({ index, text }) => sql`(${whole(entryNumber(number, index))}, ${entryText(text)})`);
    await sql`insert into search (rowid, text) values ${sql.join(rows)}`.execute(tx);
  }
  await mergeSome(tx, segments.length);
  const last = segments.at(-1)?.index ?? -1;
  await tx
    .updateTable('search_job')
    .set({ segments: last + 1 })
    .where('number', '=', number)
    .execute();
}

/** As many pages of 4 KiB as keep the index in few parts, measured at 1,000,000 segments: a batch takes 1 to 10 ms. */
async function mergeSome(tx: Transaction<Tables>, segments: number): Promise<void> {
  await sql`insert into search (search, rank) values ('merge', ${sql.lit(16 + Math.ceil(segments / 2))})`.execute(tx);
}

/** Makes the entries of a job those of a transcript that is no more: none of them is found from now on. */
export async function voidEntries(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx.updateTable('search_job').set({ job_id: null }).where('job_id', '=', jobId).execute();
}

/** Removes the entries of transcripts that are no more, a slice at a time; between two of them everybody else has a turn. */
export async function removeVoid(connection: Connection): Promise<void> {
  while (await commit(connection, removeSlice)) await setImmediate();
}

async function removeSlice(tx: Transaction<Tables>): Promise<boolean> {
  const gone = await tx.selectFrom('search_job').select('number').where('job_id', 'is', null).limit(1).execute();
  const number = gone[0]?.number;
  if (number === undefined) return false;
  const entries = await entriesOf(tx, number);
  if (entries.length > 0) await sql`delete from search where rowid in (${sql.join(entries.map(whole))})`.execute(tx);
  else await tx.deleteFrom('search_job').where('number', '=', number).execute();
  return true;
}

async function entriesOf(db: Kysely<Tables>, number: number): Promise<readonly number[]> {
  const { oldest, newest } = reachOf(number);
  const { rows } = await sql<{ readonly rowid: number }>`
    select rowid from search
    where rowid between ${whole(oldest)} and ${whole(newest)} limit ${sql.lit(entriesPerSlice)}
  `.execute(db);
  return rows.map(({ rowid }) => rowid);
}

/** A number as FTS5 takes it: the driver gives every number as a float, which it does not compare with a rowid. */
function whole(number: number) {
  return sql<number>`cast(${number} as integer)`;
}
