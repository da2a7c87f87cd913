import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { foldForPart, type JobFilter } from '../../../jobs/job-filter.ts';
import type { JobStatus } from '../../../jobs/job.ts';
import { isPostgres, whole } from '../database/dialect.ts';
import type { Range } from '../database/keyset.ts';
import type { Tables } from '../database/tables.ts';

/** The ways to what a filter without ids matches; there is always one. */
export function scansOf(db: Kysely<Tables>, filter: JobFilter): readonly [IndexScan, ...IndexScan[]] {
  const { tag, status, owner, language, titleContains, mediaNameContains, updatedAfter } = filter;
  const asked = [tag, status, owner, language, titleContains, mediaNameContains, updatedAfter].filter(
    (each) => each !== undefined,
  ).length;
  const isExact = asked === 1;
  const [first, ...more] = [
    ...(tag === undefined ? [] : [{ isExact, read: scanTag(db, tag) }]),
    ...(status === undefined ? [] : [{ isExact, read: scanStatuses(db, status) }]),
    ...(owner === undefined ? [] : [{ isExact, read: scanOwner(db, owner) }]),
    ...(language === undefined ? [] : [{ isExact, read: scanLanguage(db, language) }]),
    ...(titleContains === undefined ? [] : scansOfText(db, 'job_title', { text: titleContains, isExact })),
    ...(mediaNameContains === undefined ? [] : scansOfText(db, 'job_media_name', { text: mediaNameContains, isExact })),
  ];
  return first === undefined ? [{ isExact: asked === 0, read: scanAll(db) }] : [first, ...more];
}

type Read = IndexScan['read'];
type Numbers = SelectQueryBuilder<Tables, never, { number: number }>;

function scanAll(db: Kysely<Tables>): Read {
  return (range) => sliceOf(cut(db.selectFrom('job').select('number'), range), range);
}

function scanTag(db: Kysely<Tables>, tag: string): Read {
  return (range) => sliceOf(cut(db.selectFrom('job_tag').select('number').where('tag', '=', tag), range), range);
}

function scanLanguage(db: Kysely<Tables>, language: string): Read {
  return (range) =>
    sliceOf(cut(db.selectFrom('job_language').select('number').where('language', '=', language), range), range);
}

function scanOwner(db: Kysely<Tables>, owner: string): Read {
  return (range) => sliceOf(cut(db.selectFrom('job').select('number').where('api_key_id', '=', owner), range), range);
}

/** Several statuses are as many ordered scans: one over all would have to sort. */
function scanStatuses(db: Kysely<Tables>, statuses: readonly JobStatus[]): Read {
  return (range) => {
    const scans = [...new Set(statuses)].map((status): Numbers => {
      const scan = cut(db.selectFrom('job').select('number').where('status', '=', status), range);
      return db.selectFrom(scan.as('scan')).select('scan.number');
    });
    const all = scans.reduce((some, others) => some.unionAll(others));
    return sliceOf(inOrder(db.selectFrom(all.as('all')).select('all.number'), range), range);
  };
}

/** The part of a scan that a range holds. */
function cut<DB, T extends keyof DB, O>(scan: SelectQueryBuilder<DB, T, O>, range: Range<number>) {
  const number = sql.ref<number>('number');
  return inOrder(scan.where(number, '<', range.after).where(number, '>', range.before), range);
}

function inOrder<DB, T extends keyof DB, O>(scan: SelectQueryBuilder<DB, T, O>, { backwards, limit }: Range<number>) {
  return scan.orderBy(sql.ref('number'), backwards ? 'asc' : 'desc').limit(limit);
}

/** A way through the list of jobs that leaves out none that matches. */
export interface IndexScan {
  /** Whether all that it leads to match. */
  readonly isExact: boolean;
  /** The start of a range, in the order in which it is read; `limit` bounds what is looked at. */
  readonly read: (range: Range<number>) => Promise<Slice>;
}

/** Numbers of jobs up to `end`, beyond which the range goes on; null = it does not. */
interface Slice {
  readonly numbers: readonly number[];
  readonly end: number | null;
}

/** What an index leads to within a range. */
async function sliceOf<DB, T extends keyof DB>(
  scan: SelectQueryBuilder<DB, T, { number: number }>,
  { limit }: Range<number>,
): Promise<Slice> {
  const numbers = (await scan.execute()).map(({ number }) => number);
  return { numbers, end: numbers.length < limit ? null : (numbers.at(-1) ?? null) };
}

type NameTable = 'job_title' | 'job_media_name';

/** Names that are read through in the time in which an index leads to one job. */
const namesPerJob = 5;
/** At most so many indexes for one text, spread over it: each is tried before one is followed. */
const mostIndexes = 8;

/**
 * The ways to jobs with a text in a name: through all names, and one for every three characters in a row. Each of those leads to the jobs that
 * have them, whatever comes before or after: to look for them all at once would be one statement that may pass a million jobs before it finds one.
 */
function scansOfText(
  db: Kysely<Tables>,
  table: NameTable,
  { text, isExact }: { readonly text: string; readonly isExact: boolean },
): readonly [IndexScan, ...IndexScan[]] {
  const folded = foldForPart(text);
  return [
    { isExact, read: (range) => readThrough(db, table, { folded, range }) },
    ...gramsOf(folded).map((gram): IndexScan => ({
      isExact: false,
      read: (range) => sliceOf(namesWith(db, table, { gram, range }), range),
    })),
  ];
}

/** By code points, as the index has them. */
function gramsOf(folded: string): readonly string[] {
  const characters = Array.from(folded);
  const grams = characters.slice(2).map((_, start) => characters.slice(start, start + 3).join(''));
  const step = Math.ceil(grams.length / mostIndexes);
  return [...new Set(grams.filter((_, start) => start % step === 0))];
}

async function readThrough(
  db: Kysely<Tables>,
  table: NameTable,
  { folded, range }: { readonly folded: string; readonly range: Range<number> },
): Promise<Slice> {
  const limit = range.limit * namesPerJob;
  const names = cutNames(db, table, { ...range, limit }).as('name');
  const { end, count } = await db
    .selectFrom(names)
    .select((eb) => [
      (range.backwards ? eb.fn.max('name.number') : eb.fn.min('name.number')).as('end'),
      eb.fn.countAll().as('count'),
    ])
    .executeTakeFirstOrThrow();
  const found = await db
    .selectFrom(names)
    .select('name.number')
    .where((eb) => eb(eb.fn(isPostgres(db) ? 'strpos' : 'instr', ['name.text', eb.val(folded)]), '>', 0))
    .orderBy('name.number', range.backwards ? 'asc' : 'desc')
    .execute();
  return { numbers: found.map(({ number }) => number), end: Number(count) < limit ? null : end };
}

function namesWith(
  db: Kysely<Tables>,
  table: NameTable,
  { gram, range }: { readonly gram: string; readonly range: Range<number> },
) {
  const names = cutNames(db, table, range).clearSelect().select('rowid as number');
  if (isPostgres(db)) return names.where('text', 'like', `%${gram.replaceAll(/[%_\\]/gu, String.raw`\$&`)}%`);
  return names.where(sql<boolean>`${sql.ref(table)} match ${`"${gram.replaceAll('"', '""')}"`}`);
}

function cutNames(db: Kysely<Tables>, table: NameTable, { after, before, backwards, limit }: Range<number>) {
  return db
    .selectFrom(table)
    .select(['rowid as number', 'text'])
    .where('rowid', '<', whole(after))
    .where('rowid', '>', whole(before))
    .orderBy('rowid', backwards ? 'asc' : 'desc')
    .limit(limit);
}
