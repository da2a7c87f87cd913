import { setImmediate } from 'node:timers/promises';
import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import type { Segment } from '../../../jobs/transcript.ts';
import { hasParts, shortestPart, tokensOf } from '../../../transcripts/search/tokens.ts';
import { commit, type Connection, inPieces } from '../database/connection.ts';
import { isPostgres, whole } from '../database/dialect.ts';
import { firstIndex, indexIn, segmentsPerRevision } from '../database/revision.ts';
import { toHeard } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

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
  await insertEntries(
    tx,
    segments.map(({ index, text }) => ({ entry: entryNumber(number, index), text })),
  );
  const last = segments.at(-1)?.index ?? -1;
  await tx
    .updateTable('search_job')
    .set({ segments: last + 1 })
    .where('number', '=', number)
    .execute();
}

async function insertEntries(
  tx: Transaction<Tables>,
  entries: readonly { readonly entry: number; readonly text: string }[],
): Promise<void> {
  for (const piece of inPieces(entries)) {
    const rows = piece.map(
      ({ entry, text }) => sql`(${whole(entry)}, ${isPostgres(tx) ? vectorOf(text) : entryText(text)})`,
    );
    await sql`insert into search (rowid, text) values ${sql.join(rows)}`.execute(tx);
  }
  if (!isPostgres(tx)) await mergeSome(tx, entries.length);
}

/** Where an edit is; its index is that within the transcript. */
export type EditPlace = Pick<Tables['edit'], 'index' | 'place'>;

/** Indexes edits of a job, instead of what was at their places; they are found once they stand. */
export async function addEditEntries(
  tx: Transaction<Tables>,
  jobId: string,
  edits: readonly (EditPlace & { readonly text: string })[],
): Promise<void> {
  await removeEditEntries(tx, jobId, edits);
  // None where its segments are still to be indexed.
  await writeEditEntries(tx, (await readNumber(tx, jobId)) ?? (await addOlder(tx, jobId)), edits);
}

/** Writes the entries of edits of the job that has this number. */
export async function writeEditEntries(
  tx: Transaction<Tables>,
  number: number,
  edits: readonly (EditPlace & { readonly text: string })[],
): Promise<void> {
  await insertEntries(
    tx,
    edits.map(({ index, place, text }) => ({ entry: entryNumber(number, index, place), text })),
  );
}

/** Removes what is in the index for edits of a job. */
export async function removeEditEntries(
  tx: Transaction<Tables>,
  jobId: string,
  edits: readonly EditPlace[],
): Promise<void> {
  const number = await readNumber(tx, jobId);
  if (number === null || edits.length === 0) return;
  const entries = edits.map(({ index, place }) => whole(entryNumber(number, index, place)));
  await sql`delete from search where rowid in (${sql.join(entries)})`.execute(tx);
}

async function readNumber(tx: Transaction<Tables>, jobId: string): Promise<number | null> {
  const known = await tx.selectFrom('search_job').select('number').where('job_id', '=', jobId).executeTakeFirst();
  return known?.number ?? null;
}

/** As many pages of 4 KiB as keep the index in few parts, measured at 1,000,000 segments: a batch takes 1 to 10 ms. */
async function mergeSome(tx: Transaction<Tables>, segments: number): Promise<void> {
  await sql`insert into search (search, rank) values ('merge', ${sql.lit(16 + Math.ceil(segments / 2))})`.execute(tx);
}

/** Makes the entries of a job those of a transcript that is no more: none of them is found from now on. */
export async function voidEntries(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx.updateTable('search_job').set({ job_id: null }).where('job_id', '=', jobId).execute();
}

/** Begins an index of a transcript that is being prepared: its number. */
export async function prepareEntries(tx: Transaction<Tables>, jobId: string): Promise<number> {
  const { number } = await tx
    .insertInto('search_job')
    .values({ job_id: null, segments: 0, prepared_for: jobId })
    .returning('number')
    .executeTakeFirstOrThrow();
  return number;
}

/** Has what was prepared stand for a job, instead of what it had. */
export async function standEntries(tx: Transaction<Tables>, jobId: string, number: number): Promise<void> {
  await voidEntries(tx, jobId);
  await tx.updateTable('search_job').set({ job_id: jobId, prepared_for: null }).where('number', '=', number).execute();
}

/** Gives up what was prepared for a job. */
export async function dropPrepared(tx: Transaction<Tables>, jobId: string): Promise<void> {
  await tx.updateTable('search_job').set({ prepared_for: null }).where('prepared_for', '=', jobId).execute();
}

/** Removes the entries of transcripts that are no more, a slice at a time; between two of them everybody else has a turn. */
export async function removeVoid(connection: Connection): Promise<void> {
  while (await commit(connection, removeSlice)) await setImmediate();
}

async function removeSlice(tx: Transaction<Tables>): Promise<boolean> {
  const gone = await tx
    .selectFrom('search_job')
    .select('number')
    .where('job_id', 'is', null)
    .where('prepared_for', 'is', null)
    .limit(1)
    // Others that sweep take another one.
    .$if(isPostgres(tx), (query) => query.forUpdate().skipLocked())
    .execute();
  const number = gone[0]?.number;
  if (number === undefined) return false;
  const entries = await entriesOf(tx, number);
  if (entries.length > 0) await sql`delete from search where rowid in (${sql.join(entries.map(whole))})`.execute(tx);
  else await tx.deleteFrom('search_job').where('number', '=', number).execute();
  return true;
}

async function entriesOf(db: Kysely<Tables>, number: number): Promise<readonly number[]> {
  const { oldest, newest } = rangeOf(number);
  const { rows } = await sql<{ readonly rowid: number }>`
    select rowid from search
    where rowid between ${whole(oldest)} and ${whole(newest)} limit ${sql.lit(entriesPerSlice)}
  `.execute(db);
  return rows.map(({ rowid }) => rowid);
}

/** A slice takes milliseconds. */
const segmentsPerSlice = 50;

interface OlderJob extends Pick<Selectable<Tables['job']>, 'revision'> {
  readonly id: string;
  readonly number: number;
  readonly segment_count: number;
}

/** Indexes the next segments that were stored before there was an index, those of the newest job first; null when none are left. */
export function indexOlder(connection: Connection): Promise<number | null> {
  return commit(connection, async (tx) => {
    const place = await tx.selectFrom('search_older').selectAll().where('id', '=', 1).executeTakeFirst();
    if (place === undefined) return null;
    const job = await tx
      .selectFrom('job')
      .select(['id', 'number', 'segment_count', 'revision'])
      .where('number', '<', place.number)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (job !== undefined) return indexSlice(tx, job);
    await tx.deleteFrom('search_older').where('id', '=', 1).execute();
    return null;
  });
}

async function indexSlice(tx: Transaction<Tables>, job: OlderJob): Promise<number> {
  const known = await tx.selectFrom('search_job').selectAll().where('job_id', '=', job.id).executeTakeFirst();
  const done = known?.segments ?? 0;
  const rows = await tx
    .selectFrom('segment')
    .selectAll()
    .where('job_id', '=', job.id)
    .where('index', '>=', firstIndex(job.revision) + done)
    .where('index', '<', firstIndex(job.revision + 1))
    .orderBy('index')
    .limit(segmentsPerSlice)
    .execute();
  const [first, last] = [rows.at(0)?.index, rows.at(-1)?.index];
  if (first !== undefined && last !== undefined) {
    await writeEntries(tx, known?.number ?? (await addOlder(tx, job.id)), rows.map(toHeard));
    // Most of them had their entries when they were made, but for those that came from another database.
    const edits = await readEdits(tx, job.id, { first, last });
    if (edits.length > 0) await addEditEntries(tx, job.id, edits);
  }
  if (done + rows.length < job.segment_count) return rows.length;
  await tx.updateTable('search_older').set({ number: job.number }).where('id', '=', 1).execute();
  return rows.length;
}

/** The edits that stand for some segments. */
async function readEdits(
  tx: Transaction<Tables>,
  jobId: string,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<readonly (EditPlace & { readonly text: string })[]> {
  const rows = await tx
    .selectFrom('edited')
    .innerJoin('edit', (join) =>
      join
        .onRef('edit.job_id', '=', 'edited.job_id')
        .onRef('edit.index', '=', 'edited.index')
        .onRef('edit.place', '=', 'edited.place'),
    )
    .select(['edit.index', 'edit.place', 'edit.text'])
    .where('edited.job_id', '=', jobId)
    .where('edited.index', '>=', first)
    .where('edited.index', '<=', last)
    .execute();
  return rows.map((row) => ({ ...row, index: indexIn(row.index) }));
}

/** Numbers go down here, so that an older job stays below newer ones. */
async function addOlder(tx: Transaction<Tables>, jobId: string): Promise<number> {
  const { least } = await tx
    .selectFrom('search_job')
    .select((eb) => eb.fn.min('number').as('least'))
    .executeTakeFirstOrThrow();
  const number = Math.min(0, least ?? 0) - 1;
  await tx.insertInto('search_job').values({ number, job_id: jobId, segments: 0 }).execute();
  return number;
}

/** Of each what the engine heard, and at two places what somebody has made of it; one is free. */
const entriesPerJob = 4 * segmentsPerRevision;

/** Which entries are looked at; both ends belong to it. */
export interface EntryRange {
  readonly newest: number;
  readonly oldest: number;
}

/** The number of the entry of a segment, from the number of its job and its index; with a place, of an edit. */
function entryNumber(job: number, index: number, place = 0): number {
  return job * entriesPerJob + place * segmentsPerRevision + index;
}

/** All entries of a job. */
export function rangeOf(job: number): EntryRange {
  return { newest: entryNumber(job + 1, -1), oldest: entryNumber(job, 0) };
}

/** What two ranges have in common; null where that is nothing. */
export function overlap(one: EntryRange, other: EntryRange): EntryRange | null {
  const newest = Math.min(one.newest, other.newest);
  const oldest = Math.max(one.oldest, other.oldest);
  return newest < oldest ? null : { newest, oldest };
}

/** Stands before the ends of long words, which no word of a text begins with. */
export const partMark = '·';
/** Stands before the beginnings of tokens. */
const beginningMark = '¦';
/** How long they are, in letters: for a longer one FTS5 reads all words that begin so before it gives the first, and they are few enough. */
const beginningLengths = [1, 2, 3, 4];
/** How many ends a word has in the index, and how many letters an end: longer ones are no words, and would hold the event loop. */
const mostParts = 64;

/**
 * What stands in the index for a text: its tokens, then their beginnings, and every end of its long words, so that a part of a word is the beginning
 * of an entry.
 *
 * An index of trigrams would find parts, too, but no 東京 (two characters), is twice as large, and reads for a rare word all that has its trigrams.
 * An index of prefixes, which FTS5 has, would be one of the ends, too.
 */
function entryText(text: string): string {
  const tokens = tokensOf(text);
  const forms = tokens.map(({ form }) => form);
  const long = tokens.filter(({ form, kind }) => kind === 'WORD' && hasParts(form));
  const more = new Set([...forms.flatMap(beginningsOf), ...long.flatMap(({ form }) => endsOf(form))]);
  return [...forms, ...more].join(' ');
}

/** The longest that PostgreSQL keeps, in bytes of UTF-8, and how many in all: a text of which there is more is found by what it begins with. */
const [longestWordBytes, longestVectorBytes] = [2000, 900_000];

/** What stands in the index of PostgreSQL for a text: the same, each with its place. */
function vectorOf(text: string): RawBuilder<unknown> {
  let bytes = 0;
  const words = entryText(text)
    .split(' ')
    .map((word, at) => `${quoteWord(word)}:${at + 1}`)
    .filter((word) => (bytes += Buffer.byteLength(word)) < longestVectorBytes);
  return sql`${words.join(' ')}::tsvector`;
}

/** A word as a part of a tsvector, or of a tsquery. */
export function quoteWord(word: string): string {
  const isLong = word.length * 3 > longestWordBytes;
  const kept = isLong
    ? Buffer.from(word)
        .subarray(0, longestWordBytes)
        .toString()
        .replace(/\uFFFD+$/u, '')
    : word;
  return `'${kept.replaceAll(/['\\]/gu, '$&$&')}'`;
}

/** The entry of all tokens that begin so; null where there is none for it. */
export function entryOfBeginning(beginning: string): string | null {
  return beginningLengths.includes(Array.from(beginning).length) ? beginningMark + beginning : null;
}

function beginningsOf(form: string): readonly string[] {
  const letters = Array.from(form);
  return beginningLengths
    .filter((length) => length <= letters.length)
    .map((length) => beginningMark + letters.slice(0, length).join(''));
}

function endsOf(word: string): readonly string[] {
  const letters = Array.from(word);
  const count = Math.min(mostParts, letters.length - shortestPart + 1);
  return Array.from({ length: count }, (_, from) => partMark + letters.slice(from, from + mostParts).join(''));
}
