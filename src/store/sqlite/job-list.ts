import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { Job, JobStatus } from '../../job.ts';
import type { Keyed, Page } from '../page.ts';
import type { JobFilter } from '../job-filter.ts';
import { endOfList, formatPlace, parsePlace, startOfList, type Place } from './job-place.ts';
import { inListOrder, toRange, type Range } from './keyset.ts';
import { cutPlaces, readNamed } from './named-jobs.ts';
import { toJob, type JobRow } from './rows.ts';
import { selectJob } from './select-job.ts';
import type { Tables } from './tables.ts';

/** A page of jobs, newest first. */
export async function listJobs(db: Kysely<Tables>, filter: JobFilter, page: Page): Promise<readonly Keyed<Job>[]> {
  if (matchesNothing(filter)) return [];
  const range = toRange(page, { start: startOfList, end: endOfList, parse: parsePlace });
  const rows = await (filter.ids === undefined ? readAll(db, filter, range) : readSome(db, filter, range));
  const jobs = rows.map((row) => ({
    key: formatPlace({ createdAt: row.created_at, id: row.id }),
    item: toJob(row),
  }));
  return inListOrder(jobs, range);
}

/** How many jobs a filter matches. */
export async function countJobs(db: Kysely<Tables>, filter: JobFilter): Promise<number> {
  if (matchesNothing(filter)) return 0;
  if (filter.ids !== undefined) return (await readNamed(db, filter)).length;
  const query = db.selectFrom('job').select((eb) => eb.fn.countAll().as('count'));
  const matching = filter.status === undefined ? query : query.where('status', 'in', filter.status);
  const { count } = await matching.executeTakeFirstOrThrow();
  return Number(count);
}

function matchesNothing(filter: JobFilter): boolean {
  return filter.status?.length === 0 || filter.ids?.length === 0;
}

async function readSome(db: Kysely<Tables>, filter: JobFilter, range: Range<Place>): Promise<readonly JobRow[]> {
  const ids = cutPlaces(await readNamed(db, filter), range).map(({ id }) => id);
  if (ids.length === 0) return [];
  const rows = await selectJob(db).where('job.id', 'in', ids).execute();
  return rows.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
}

function readAll(db: Kysely<Tables>, filter: JobFilter, range: Range<Place>): Promise<readonly JobRow[]> {
  const direction = range.backwards ? 'asc' : 'desc';
  return selectJob(db)
    .innerJoin(placesOf(db, filter, range).as('place'), 'place.id', 'job.id')
    .orderBy('job.created_at', direction)
    .orderBy('job.id', direction)
    .limit(range.limit)
    .execute();
}

type Places = SelectQueryBuilder<Tables, never, { id: string }>;

/** The ids of a page, found with an index alone. Several statuses are as many ordered walks: one walk over all would have to sort. */
function placesOf(db: Kysely<Tables>, filter: JobFilter, range: Range<Place>): Places {
  const statuses: readonly (JobStatus | undefined)[] = [...new Set(filter.status ?? [undefined])];
  return statuses
    .map((status): Places => db.selectFrom(walk(db, status, range).as('walk')).select('walk.id'))
    .reduce((all, some) => all.unionAll(some));
}

function walk(
  db: Kysely<Tables>,
  status: JobStatus | undefined,
  { after, before, backwards, limit }: Range<Place>,
): SelectQueryBuilder<Tables, 'job', { id: string }> {
  const direction = backwards ? 'asc' : 'desc';
  const places = db
    .selectFrom('job')
    .select('id')
    .where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after.createdAt, after.id)))
    .where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(before.createdAt, before.id)))
    .orderBy('created_at', direction)
    .orderBy('id', direction)
    .limit(limit);
  return status === undefined ? places : places.where('status', '=', status);
}
