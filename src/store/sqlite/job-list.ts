import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { Job, JobStatus } from '../../job.ts';
import type { JobFilter, Keyed, Page } from '../port.ts';
import { inListOrder, toRange, wrongKey, type Range } from './keyset.ts';
import { toJob } from './rows.ts';
import { selectJob } from './select-job.ts';
import type { Tables } from './tables.ts';

interface Place {
  readonly createdAt: number;
  readonly id: string;
}

// Newest first: the list starts at the end of time.
const start: Place = { createdAt: Number.MAX_SAFE_INTEGER, id: '' };
const end: Place = { createdAt: Number.MIN_SAFE_INTEGER, id: '' };

/** A page of jobs, newest first. */
export async function listJobs(db: Kysely<Tables>, filter: JobFilter, page: Page): Promise<readonly Keyed<Job>[]> {
  if (matchesNothing(filter)) return [];
  const range = toRange(page, { start, end, parse: parsePlace });
  const direction = range.backwards ? 'asc' : 'desc';
  const rows = await selectJob(db)
    .innerJoin(placesOf(db, filter, range).as('place'), 'place.id', 'job.id')
    .orderBy('job.created_at', direction)
    .orderBy('job.id', direction)
    .limit(range.limit)
    .execute();
  const jobs = rows.map((row) => ({ key: `${row.created_at}.${row.id}`, item: toJob(row) }));
  return inListOrder(jobs, range);
}

/** How many jobs a filter matches. */
export async function countJobs(db: Kysely<Tables>, filter: JobFilter): Promise<number> {
  if (matchesNothing(filter)) return 0;
  let query = db.selectFrom('job').select((eb) => eb.fn.countAll().as('count'));
  if (filter.status !== undefined) query = query.where('status', 'in', filter.status);
  if (filter.ids !== undefined) query = query.where('id', 'in', filter.ids);
  const { count } = await query.executeTakeFirstOrThrow();
  return Number(count);
}

function matchesNothing(filter: JobFilter): boolean {
  return filter.status?.length === 0 || filter.ids?.length === 0;
}

type Places = SelectQueryBuilder<Tables, never, { id: string }>;

/** The ids of a page, found with an index alone. Several statuses are as many ordered walks: one walk over all would have to sort. */
function placesOf(db: Kysely<Tables>, filter: JobFilter, range: Range<Place>): Places {
  const statuses: readonly (JobStatus | undefined)[] = [...new Set(filter.status ?? [undefined])];
  return statuses
    .map((status) => db.selectFrom(walk(db, { ...filter, status }, range).as('walk')).select('walk.id') as Places)
    .reduce((all, some) => all.unionAll(some));
}

function walk(
  db: Kysely<Tables>,
  filter: { readonly ids?: readonly string[]; readonly status: JobStatus | undefined },
  range: Range<Place>,
): SelectQueryBuilder<Tables, 'job', { id: string }> {
  const direction = range.backwards ? 'asc' : 'desc';
  const { after, before } = range;
  let query = db
    .selectFrom('job')
    .select('id')
    .where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after.createdAt, after.id)))
    .where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(before.createdAt, before.id)))
    .orderBy('created_at', direction)
    .orderBy('id', direction)
    .limit(range.limit);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.ids !== undefined) query = query.where('id', 'in', filter.ids);
  return query;
}

function parsePlace(key: string): Place {
  const [, createdAt, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(key) ?? [];
  if (createdAt === undefined || id === undefined) throw wrongKey();
  return { createdAt: Number(createdAt), id };
}
