import type { Kysely } from 'kysely';
import type { Tables } from '../sql/database/tables.ts';
import type { Topic } from '../notifier.ts';

/** Transactions are shorter: what has an earlier time cannot appear any more. */
const lookBackMs = 15_000;
/** The newest of them; where more change in a second, others are found at no later look. */
const mostAtOnce = 1000;
/** What was told of a moment ago is told again only if it was another change of which nobody was told. */
const quietMs = 3000;

/** What the listeners of this node hear. */
export interface Ear {
  /** Tells them, and nobody else. */
  readonly hear: (hint: readonly [Topic, string]) => void;
  /** When they have last heard of something, whoever has told it; in milliseconds of `performance.now()`. */
  readonly lastHeard: (hint: readonly [Topic, string]) => number;
}

/** Finds what has changed without a hint. */
interface Lookout {
  readonly look: () => Promise<void>;
}

/** Looks for changes since the last look, and has this node's listeners hear of those of which they have not heard. */
export function openLookout(db: Kysely<Tables>, outbox: Ear): Lookout {
  const changed = openSeen();
  const deleted = openSeen();
  let lastLine: number | null = null;
  const isQuiet = (id: string) => performance.now() - outbox.lastHeard(['job', id]) > quietMs;

  async function lookForJobs(): Promise<void> {
    const rows = await db
      .selectFrom('job_updated')
      .innerJoin('job', 'job.number', 'job_updated.number')
      .select(['job.id', 'job_updated.updated_at as time'])
      .where('job_updated.updated_at', '>=', changed.from() ?? (await newest('job_updated')))
      .orderBy('job_updated.updated_at', 'desc')
      .limit(mostAtOnce)
      .execute();
    for (const { id } of changed.keepNew(rows, isQuiet)) {
      outbox.hear(['job', id]);
      outbox.hear(['queue', id]);
    }
  }

  async function lookForDeleted(): Promise<void> {
    const rows = await db
      .selectFrom('deleted')
      .select(['job_id as id', 'time'])
      .where('time', '>=', deleted.from() ?? (await newest('deleted')))
      .orderBy('time', 'desc')
      .limit(mostAtOnce)
      .execute();
    for (const { id } of deleted.keepNew(rows, isQuiet)) {
      for (const topic of ['job', 'jobDeleted', 'queue'] as const) outbox.hear([topic, id]);
    }
  }

  async function lookForLines(): Promise<void> {
    const after = lastLine;
    const rows = await db
      .selectFrom('log')
      .select(['id', 'job_id'])
      .$if(after !== null, (lines) => lines.where('id', '>', after))
      .orderBy('id', after === null ? 'desc' : 'asc')
      .limit(after === null ? 1 : mostAtOnce)
      .execute();
    lastLine = rows.at(-1)?.id ?? after ?? 0;
    if (after !== null) for (const jobId of new Set(rows.map((row) => row.job_id))) outbox.hear(['log', jobId ?? '']);
  }

  async function newest(table: 'job_updated' | 'deleted'): Promise<number> {
    const column = table === 'deleted' ? 'deleted.time' : 'job_updated.updated_at';
    const row = await db
      .selectFrom(table)
      .select((eb) => eb.fn.max<number | null>(column).as('time'))
      .executeTakeFirst();
    return row?.time ?? 0;
  }

  return {
    async look() {
      await lookForJobs();
      await lookForDeleted();
      await lookForLines();
    },
  };
}

interface Row {
  readonly id: string;
  readonly time: number;
}

/** Tells what was seen already. Of the first look everything was. */
function openSeen() {
  const seen = new Map<string, number>();
  let newest: number | null = null;
  return {
    /** The time from which on it is to be looked; null before the first look. */
    from: () => (newest === null ? null : newest - lookBackMs),
    /** Those that were not seen, of rows from the newest on. */
    keepNew(rows: readonly Row[], isQuiet: (id: string) => boolean): readonly Row[] {
      const isFirst = newest === null;
      const fresh = rows.filter(({ id, time }) => seen.get(id) !== time && (isFirst || isQuiet(id)));
      for (const { id, time } of fresh) seen.set(id, time);
      newest = Math.max(newest ?? 0, rows[0]?.time ?? 0);
      for (const [id, time] of seen) if (time < newest - lookBackMs) seen.delete(id);
      return isFirst ? [] : fresh;
    },
  };
}
