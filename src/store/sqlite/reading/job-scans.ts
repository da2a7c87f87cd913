import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { JobFilter } from '../../../jobs/job-filter.ts';
import type { JobStatus } from '../../../jobs/job.ts';
import type { Range } from '../database/keyset.ts';
import type { Tables } from '../database/tables.ts';
import { walksOfText } from './text-walks.ts';
import { sliceOf, type Walk } from './walk.ts';

/** The ways to what a filter without ids matches; there is always one. */
export function walksOf(db: Kysely<Tables>, filter: JobFilter): readonly [Walk, ...Walk[]] {
  const { tag, status, titleContains, mediaNameContains } = filter;
  const asked = [tag, status, titleContains, mediaNameContains].filter((each) => each !== undefined).length;
  const isExact = asked === 1;
  const [first, ...more] = [
    ...(tag === undefined ? [] : [{ isExact, read: walkTag(db, tag) }]),
    ...(status === undefined ? [] : [{ isExact, read: walkStatuses(db, status) }]),
    ...(titleContains === undefined ? [] : walksOfText(db, 'job_title', { text: titleContains, isExact })),
    ...(mediaNameContains === undefined ? [] : walksOfText(db, 'job_media_name', { text: mediaNameContains, isExact })),
  ];
  return first === undefined ? [{ isExact: asked === 0, read: walkAll(db) }] : [first, ...more];
}

type Read = Walk['read'];
type Numbers = SelectQueryBuilder<Tables, never, { number: number }>;

function walkAll(db: Kysely<Tables>): Read {
  return (range) => sliceOf(cut(db.selectFrom('job').select('number'), range), range);
}

function walkTag(db: Kysely<Tables>, tag: string): Read {
  return (range) => sliceOf(cut(db.selectFrom('job_tag').select('number').where('tag', '=', tag), range), range);
}

/** Several statuses are as many ordered walks: one walk over all would have to sort. */
function walkStatuses(db: Kysely<Tables>, statuses: readonly JobStatus[]): Read {
  return (range) => {
    const walks = [...new Set(statuses)].map((status): Numbers => {
      const walk = cut(db.selectFrom('job').select('number').where('status', '=', status), range);
      return db.selectFrom(walk.as('walk')).select('walk.number');
    });
    const all = walks.reduce((some, others) => some.unionAll(others));
    return sliceOf(inOrder(db.selectFrom(all.as('all')).select('all.number'), range), range);
  };
}

/** The part of a walk that a range holds. */
function cut<DB, T extends keyof DB, O>(walk: SelectQueryBuilder<DB, T, O>, range: Range<number>) {
  const number = sql.ref<number>('number');
  return inOrder(walk.where(number, '<', range.after).where(number, '>', range.before), range);
}

function inOrder<DB, T extends keyof DB, O>(walk: SelectQueryBuilder<DB, T, O>, { backwards, limit }: Range<number>) {
  return walk.orderBy(sql.ref('number'), backwards ? 'asc' : 'desc').limit(limit);
}
