import type { Kysely } from 'kysely';
import { allowedIn } from '../../job.ts';
import type { QueueCounts } from '../port.ts';
import { toDate } from './rows.ts';
import type { Tables } from './tables.ts';

/** The id of the job that is next to run: highest priority first, then the order of arrival. */
export async function nextInQueue(db: Kysely<Tables>): Promise<string | null> {
  const next = await db
    .selectFrom('job')
    .select('id')
    .where('status', 'in', allowedIn('claim'))
    .orderBy('priority', 'desc')
    .orderBy('queued_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return next?.id ?? null;
}

/** 1 = next to run; null when the job is not queued. */
export async function queuePosition(db: Kysely<Tables>, id: string): Promise<number | null> {
  const job = await db
    .selectFrom('job')
    .select(['priority', 'queued_at'])
    .where('id', '=', id)
    .where('status', '=', 'QUEUED')
    .executeTakeFirst();
  if (job === undefined) return null;
  const queued = db
    .selectFrom('job')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('status', '=', 'QUEUED');
  // Two ranges of the index of the queue rather than one condition with "or", which would read the whole of it.
  const { above, before } = await db
    .selectNoFrom([
      queued.where('priority', '>', job.priority).as('above'),
      queued
        .where('priority', '=', job.priority)
        .where((eb) => eb(eb.refTuple('queued_at', 'id'), '<', eb.tuple(job.queued_at, id)))
        .as('before'),
    ])
    .executeTakeFirstOrThrow();
  return Number(above) + Number(before) + 1;
}

/** How many jobs wait and run, and since when the oldest waits. */
export async function queueCounts(db: Kysely<Tables>): Promise<QueueCounts> {
  const rows = await db
    .selectFrom('job')
    .select((eb) => ['status', eb.fn.countAll().as('count'), eb.fn.min('queued_at').as('oldest')])
    .where('status', 'in', ['QUEUED', 'WORKING'])
    .groupBy('status')
    .execute();
  const queued = rows.find((row) => row.status === 'QUEUED');
  const working = rows.find((row) => row.status === 'WORKING');
  return {
    queued: Number(queued?.count ?? 0),
    working: Number(working?.count ?? 0),
    oldestQueuedAt: queued === undefined ? null : toDate(queued.oldest),
  };
}

/** The last place that was given to a job which is not over; 0 where there is none. */
export async function lastPlace(db: Kysely<Tables>): Promise<number> {
  const last = await db
    .selectFrom('job')
    .select((eb) => eb.fn.max('queued_at').as('place'))
    .where('status', 'in', ['QUEUED', 'WORKING'])
    .executeTakeFirst();
  return last?.place ?? 0;
}
