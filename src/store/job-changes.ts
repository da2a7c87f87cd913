import { setImmediate } from 'node:timers/promises';
import type { Job, JobEvent } from '../jobs/job.ts';
import type { Notifier } from './notifier.ts';
import { openSingleFlight } from './single-flight.ts';
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
  /** A job as it was at its last change, or a moment ago. Null where there is no such job. */
  readonly job: (id: string) => Promise<Job | null>;
  /** Events with a greater seq, in order, at most `limit`. */
  readonly events: JobReader['events'];
  /**
   * A job with its changes after an event, or from a time on: of a job that is older than this time as far as its newest events tell. Null where there is no
   * such job.
   */
  readonly read: (jobId: string, since: number | Date) => Promise<ChangedJob | null>;
}

/** How many of the newest events one reading for everybody covers. A watcher that keeps up misses fewer; one that does not reads its own. */
const lookBack = 50;
/** Jobs that are kept for those who ask a moment later, of a few kilobytes each. */
const maxJobs = 1000;
/** 512 KiB of events that are, about: such as come again and again are small, and large ones are read once in a while. */
const maxEventCharacters = 524_288;

type Reader = Pick<JobReader, 'job' | 'events'>;

/** What was read before a change is thrown away by it: listeners are told after the commit, and whoever is woken reads after all were told. */
export function openJobChanges(store: Reader, notifier: Notifier): JobChanges {
  const jobs = openSingleFlight<Job | null>({ sizeOf: () => 1, maxSize: maxJobs });
  const events = openSingleFlight<readonly JobEvent[]>({ sizeOf: charactersOf, maxSize: maxEventCharacters });
  const listening = notifier.listen('job', (id) => {
    jobs.forget(id);
    events.forget(id);
  });
  const shared: Reader = {
    job: (id) => jobs.get(id, 'job', () => store.job(id)),
    events: (id, after, limit) => events.get(id, `${after} ${limit}`, () => store.events(id, after, limit)),
  };
  return {
    ...shared,
    async read(id, since) {
      const newest = await readJob(shared, id);
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

async function readJob(store: Reader, id: string): Promise<ChangedJob | null> {
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

/** About as many as the events have as JSON. */
function charactersOf(events: readonly JobEvent[]): number {
  const usual = 200;
  const segments = events.flatMap((event) => (event.kind === 'SEGMENTS_ADDED' ? event.segments : []));
  const ofSegments = segments.map(({ text, words }) => usual + text.length + (words?.length ?? 0) * usual);
  return ofSegments.reduce((sum, each) => sum + each, events.length * usual);
}

function isChange(event: JobEvent): event is ChangeEvent {
  return event.kind === 'STATUS_CHANGED' || event.kind === 'PROGRESSED';
}
