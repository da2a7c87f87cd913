import { type Kysely, sql } from 'kysely';
import { foldForPart } from '../../../jobs/fold.ts';
import type { Range } from '../database/keyset.ts';
import type { Tables } from '../database/tables.ts';
import { rowid } from '../jobs/labels.ts';
import { type Slice, sliceOf, type Walk } from './walk.ts';

type NameTable = 'job_title' | 'job_media_name';

/** Names that are read through in the time in which an index leads to one job. */
const namesPerJob = 5;
/** At most so many indexes for one text, spread over it: each is tried before one is followed. */
const mostIndexes = 8;

/**
 * The ways to jobs with a text in a name: through all names, and one for every three characters in a row. Each of those leads to the jobs that
 * have them, whatever comes before or after: to look for them all at once would be one statement that may pass a million jobs before it finds one.
 */
export function walksOfText(
  db: Kysely<Tables>,
  table: NameTable,
  { text, isExact }: { readonly text: string; readonly isExact: boolean },
): readonly [Walk, ...Walk[]] {
  const folded = foldForPart(text);
  return [
    { isExact, read: (range) => readThrough(db, table, { folded, range }) },
    ...gramsOf(folded).map((gram): Walk => ({
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
  const names = cut(db, table, { ...range, limit }).as('name');
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
    .where((eb) => eb(eb.fn('instr', ['name.text', eb.val(folded)]), '>', 0))
    .orderBy('name.number', range.backwards ? 'asc' : 'desc')
    .execute();
  return { numbers: found.map(({ number }) => number), end: Number(count) < limit ? null : end };
}

function namesWith(
  db: Kysely<Tables>,
  table: NameTable,
  { gram, range }: { readonly gram: string; readonly range: Range<number> },
) {
  const quoted = `"${gram.replaceAll('"', '""')}"`;
  return cut(db, table, range)
    .clearSelect()
    .select('rowid as number')
    .where(sql<boolean>`${sql.ref(table)} match ${quoted}`);
}

function cut(db: Kysely<Tables>, table: NameTable, { after, before, backwards, limit }: Range<number>) {
  return db
    .selectFrom(table)
    .select(['rowid as number', 'text'])
    .where('rowid', '<', rowid(after))
    .where('rowid', '>', rowid(before))
    .orderBy('rowid', backwards ? 'asc' : 'desc')
    .limit(limit);
}
