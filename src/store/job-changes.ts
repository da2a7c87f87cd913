import { setImmediate } from 'node:timers/promises';
import type { Job, JobEvent } from '../jobs/job.ts';
import type { Notifier } from './notifier.ts';
import type { JobReader } from './store.ts';

/** An event by which a job changes status or progress. */
export type ChangeEvent = Extract<JobEvent, { readonly kind: 'STATUS_CHANGED' | 'PROGRESSED' }>;

/** A job with its newest changes. */
interface ChangedJob {
  readonly job: Job;
  readonly changes: readonly ChangeEvent[];
}

/** Reads jobs that change for everybody who watches: once for each change, however many listen. */
export interface JobChanges extends Disposable {
  /**
   * A job with its changes after an event, or from a time on: of a job that is older than this time as far as its newest events tell. Null where there is no
   * such job.
   */
  readonly read: (jobId: string, since: number | Date) => Promise<ChangedJob | null>;
}

/** How many of the newest events one reading for everybody covers. A watcher that keeps up misses fewer; one that does not reads its own. */
const lookBack = 50;
/** Answers that are kept until their job changes again, of a few kilobytes each. */
const maxKept = 100;

/** What was read before a change is thrown away by it: listeners are told after the commit, and whoever is woken reads after all were told. */
export function openJobChanges(store: Pick<JobReader, 'job' | 'events'>, notifier: Notifier): JobChanges {
  const kept = new Map<string, Promise<ChangedJob | null>>();
  const listening = notifier.listen('job', (id) => {
    kept.delete(id);
  });
  function readNewest(id: string): Promise<ChangedJob | null> {
    const known = kept.get(id);
    if (known !== undefined) return known;
    if (kept.size >= maxKept) kept.clear();
    const reading = readJob(store, id);
    kept.set(id, reading);
    // A failure is told to those who wait for it, and to nobody after.
    reading.catch(() => kept.get(id) === reading && kept.delete(id));
    return reading;
  }
  return {
    async read(id, since) {
      const newest = await readNewest(id);
      if (newest === null) return null;
      const { job } = newest;
      const known = job.lastEventSeq - lookBack;
      const from = typeof since === 'number' ? since : job.createdAt < since ? known : 0;
      const changes = [...(await readBetween(store, id, [from, known])), ...newest.changes];
      return {
        job,
        changes: changes.filter(({ seq, time }) => (typeof since === 'number' ? seq > since : time >= since)),
      };
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}

async function readJob(store: Pick<JobReader, 'job' | 'events'>, id: string): Promise<ChangedJob | null> {
  const job = await store.job(id);
  if (job === null) return null;
  const events = await store.events(id, Math.max(0, job.lastEventSeq - lookBack), lookBack);
  return { job, changes: events.filter(isChange) };
}

/** What somebody has missed who was away for longer than the newest events reach back. */
async function readBetween(
  store: Pick<JobReader, 'events'>,
  id: string,
  [after, until]: readonly [number, number],
): Promise<readonly ChangeEvent[]> {
  const missed: ChangeEvent[] = [];
  for (let seq = after; seq < until; seq += lookBack) {
    const events = await store.events(id, seq, Math.min(lookBack, until - seq));
    missed.push(...events.filter(isChange));
    await setImmediate();
  }
  return missed;
}

function isChange(event: JobEvent): event is ChangeEvent {
  return event.kind === 'STATUS_CHANGED' || event.kind === 'PROGRESSED';
}
