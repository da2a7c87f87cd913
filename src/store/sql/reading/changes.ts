import type { Kysely, Selectable } from 'kysely';
import { formersKept } from '#migrations/0014-job-changes.ts';
import type { ChangedJob, ChangeReader, Former, From } from '../../changes.ts';
import type { Key, Keyed } from '../../page.ts';
import type { Connection } from '../database/connection.ts';
import { lastNumber } from '../database/dialect.ts';
import { parseTexts } from '../database/json.ts';
import { parseNumberKey, wrongKey } from '../database/keyset.ts';
import { selectJob, toJob } from '../database/rows.ts';
import type { Tables } from '../database/tables.ts';

/** What tells of changes, from the tables that triggers keep. */
export function changeReader({ db, now, openSince }: Connection): ChangeReader {
  return {
    openSince,
    async changeClock() {
      const newest = await readNewest(db);
      return { newest: new Date(newest), now: new Date(Math.max(newest, await now(db))) };
    },
    changedSince: (from, limit) => changedSince(db, from, limit),
    async countChanged(since, most) {
      const changed = db
        .selectFrom('job_updated')
        .select('number')
        .where('updated_at', '>=', since.getTime())
        .limit(most + 1);
      const { count } = await db
        .selectFrom(changed.as('changed'))
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async deletedSince(from, limit) {
      const [time, id] = idPlaceFrom(from);
      const rows = await db
        .selectFrom('deleted')
        .select(['job_id as id', 'owner', 'time'])
        .where((eb) => eb(eb.refTuple('time', 'job_id'), '>', eb.tuple(time, id)))
        .orderBy('time')
        .orderBy('job_id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        key: keyOf(row.time, row.id),
        item: { id: row.id, owner: row.owner, deletedAt: new Date(row.time) },
      }));
    },
  };
}

/** The time of the newest change or deletion; 0 where there was none. */
export async function readNewest(db: Kysely<Tables>): Promise<number> {
  const [changed, deleted] = [
    await db
      .selectFrom('job_updated')
      .select((eb) => eb.fn.max('updated_at').as('time'))
      .executeTakeFirst(),
    await db
      .selectFrom('deleted')
      .select((eb) => eb.fn.max('time').as('time'))
      .executeTakeFirst(),
  ];
  return Math.max(changed?.time ?? 0, deleted?.time ?? 0);
}

async function changedSince(db: Kysely<Tables>, from: From, limit: number): Promise<readonly Keyed<ChangedJob>[]> {
  const { updatedAt: time, number } = numberPlaceFrom(from);
  const places = await db
    .selectFrom('job_updated')
    .selectAll()
    .where((eb) => eb(eb.refTuple('updated_at', 'number'), '>', eb.tuple(time, number)))
    .orderBy('updated_at')
    .orderBy('number')
    .limit(limit)
    .execute();
  if (places.length === 0) return [];
  const numbers = places.map((place) => place.number);
  const rows = await selectJob(db).where('job.number', 'in', numbers).execute();
  const formers = await readFormers(db, numbers, time);
  const byNumber = new Map(rows.map((row) => [row.number, toJob(row)]));
  return places.flatMap((place): readonly Keyed<ChangedJob>[] => {
    const job = byNumber.get(place.number);
    // Deleted since its number was read.
    if (job === undefined) return [];
    const former = formers === null ? null : (formers.get(place.number) ?? []).map(toFormer);
    return [
      { key: keyOf(place.updated_at, place.number), item: { job, changedAt: new Date(place.updated_at), former } },
    ];
  });
}

/** What jobs have ceased to be after a time; null where what is kept does not reach back to it. */
async function readFormers(db: Kysely<Tables>, numbers: readonly number[], after: number) {
  const oldest = await db.selectFrom('job_former').select('time').orderBy('id').limit(1).executeTakeFirst();
  if (oldest !== undefined && oldest.time > after && (await areFormersTrimmed(db))) return null;
  const rows = await db
    .selectFrom('job_former')
    .selectAll()
    .where('number', 'in', numbers)
    .where('time', '>', after)
    .execute();
  return Map.groupBy(rows, ({ number }) => number);
}

async function areFormersTrimmed(db: Kysely<Tables>): Promise<boolean> {
  return (await lastNumber(db, 'job_former')) > formersKept;
}

function toFormer(row: Selectable<Tables['job_former']>): Former {
  return {
    status: row.status,
    title: row.title,
    tags: parseTexts(row.tags),
    language: row.language_code === null ? null : { code: row.language_code },
  };
}

/** The key of what was changed or deleted at a time: with the number of the job, or its id. */
export function keyOf(time: number, last: string | number): string {
  return `${time}-${last}`;
}

/** The place of a job in the order of changes. */
export interface ChangePlace {
  readonly updatedAt: number;
  readonly number: number;
}

/** The place that a key stands for. Throws BAD_USER_INPUT. */
export function numberPlaceOf(key: Key): ChangePlace {
  const [time = '', number = ''] = key.split('-', 2);
  const place = { updatedAt: parseNumberKey(time), number: parseNumberKey(number) };
  if (keyOf(place.updatedAt, place.number) !== key) throw wrongKey();
  return place;
}

/** The place after which what happened from a time on comes: nothing is after the greatest number of the millisecond before. */
function numberPlaceFrom(from: From): ChangePlace {
  if (typeof from === 'string') return numberPlaceOf(from);
  return { updatedAt: from.getTime() - 1, number: Number.MAX_SAFE_INTEGER };
}

/** The same for jobs that were deleted, which have their ids alone. */
function idPlaceFrom(from: From): readonly [number, string] {
  if (typeof from !== 'string') return [from.getTime() - 1, '\u{10FFFF}'];
  const [time = '', ...id] = from.split('-');
  return [parseNumberKey(time), id.join('-')];
}
