import type { Job, JobEvent } from '../jobs/job.ts';
import type { ChangedJob, ChangeReader, From, Tombstone } from './changes.ts';
import { coalesceMs, listenEvery, type Notifier } from './notifier.ts';
import type { Key, Keyed } from './page.ts';
import { openSingleFlight } from './single-flight.ts';
import type { JobReader } from './store.ts';

/** What comes after a place in a list of changes. */
export interface Changes<T> {
  readonly items: readonly T[];
  /** The key of the last, also where that is not to be seen; null where there is none. */
  readonly upTo: Key | null;
  /** Of the last, in milliseconds; null where there is none. */
  readonly time: number | null;
  /** From when on something may have happened that is still to be seen. */
  readonly openSince: number;
  /** Whether there may be more already. */
  readonly isMore: boolean;
}

/** The time of the newest change, and the present, as `ChangeReader` has them; and from when on something may have happened that is still to be seen. */
type ChangeClock = Awaited<ReturnType<ChangeReader['changeClock']>> & Pick<Changes<never>, 'openSince'>;

/** Reads jobs that change for everybody who watches: once for each change, however many listen. */
export interface JobChanges extends Disposable, Pick<ChangeReader, 'countChanged'> {
  readonly changeClock: () => Promise<ChangeClock>;
  /** A job as it was at its last change, or a moment ago. Null where there is no such job. */
  readonly job: (id: string) => Promise<Job | null>;
  /** As it is now. */
  readonly jobNow: (id: string) => Promise<Job | null>;
  /** Events with a greater seq, in order, at most `limit`. */
  readonly events: JobReader['events'];
  readonly changedSince: (from: From) => Promise<Changes<ChangedJob>>;
  readonly deletedSince: (from: From) => Promise<Changes<Tombstone>>;
  /** Calls `wake` at most four times a second, when jobs have changed: at the same moment for all, so that they ask the same. */
  readonly listen: (wake: () => void) => Disposable;
}

/** Changes read at once; a reader that is slow holds no more than these. */
const changesAtOnce = 25;
/** Jobs that are kept for those who ask a moment later, of a few kilobytes each. */
const maxJobs = 1000;
/** 512 KiB of events that are, about: such as come again and again are small, and large ones are read once in a while. */
const maxEventCharacters = 524_288;

/** What was read before a change is thrown away by it: listeners are told after the commit, and whoever is woken reads after all were told. */
export function openJobChanges(
  store: Pick<JobReader, 'job' | 'events'> & ChangeReader,
  notifier: Notifier,
): JobChanges {
  const jobs = openSingleFlight<Job | null>({ sizeOf: () => 1, maxSize: maxJobs });
  const events = openSingleFlight<readonly JobEvent[]>({ sizeOf: charactersOf, maxSize: maxEventCharacters });
  const changed = openSingleFlight<Changes<ChangedJob>>({ sizeOf: ({ items }) => items.length, maxSize: maxJobs });
  const deleted = openSingleFlight<Changes<Tombstone>>({ sizeOf: ({ items }) => items.length, maxSize: maxJobs });
  const clock = openSingleFlight<ChangeClock>({ sizeOf: () => 1, maxSize: 1 });
  const counts = openSingleFlight<number>({ sizeOf: () => 1, maxSize: maxJobs });
  const listening = notifier.listen('job', (id) => {
    jobs.forget(id);
    events.forget(id);
    for (const answers of [changed, deleted, clock, counts]) answers.forget(all);
  });
  const job = (id: string) => jobs.get(id, 'job', () => store.job(id));
  const read = async <T>(find: () => Promise<readonly Keyed<T>[]>, timeOf: (item: T) => Date) => {
    // First: what is not open any more is found.
    const openSince = await store.openSince();
    return toChanges(await find(), { openSince, timeOf });
  };
  const wakes = new Set<() => void>();
  let ticking: Disposable | undefined;
  return {
    job,
    jobNow(id) {
      jobs.forget(id);
      return job(id);
    },
    events: (id, after, limit) => events.get(id, `${after} ${limit}`, () => store.events(id, after, limit)),
    changedSince: (from) =>
      changed.get(all, questionOf(from), () =>
        read(
          () => store.changedSince(from, changesAtOnce),
          ({ changedAt }) => changedAt,
        ),
      ),
    deletedSince: (from) =>
      deleted.get(all, questionOf(from), () =>
        read(
          () => store.deletedSince(from, changesAtOnce),
          ({ deletedAt }) => deletedAt,
        ),
      ),
    changeClock: () =>
      clock.get(all, 'now', async () => ({ openSince: await store.openSince(), ...(await store.changeClock()) })),
    countChanged: (since, most) =>
      counts.get(all, `${questionOf(since)} ${most}`, () => store.countChanged(since, most)),
    listen(wake) {
      // Whoever listens twice is woken twice.
      const own = () => wake();
      wakes.add(own);
      ticking ??= listenEvery({ notifier, topic: 'job', ms: coalesceMs }, () => {
        for (const each of wakes) each();
      });
      return {
        [Symbol.dispose]() {
          wakes.delete(own);
          if (wakes.size > 0) return;
          ticking?.[Symbol.dispose]();
          ticking = undefined;
        },
      };
    },
    [Symbol.dispose]() {
      ticking?.[Symbol.dispose]();
      listening[Symbol.dispose]();
    },
  };
}

/** What is asked of all jobs together. */
const all = Symbol('all');

function questionOf(from: From): string {
  return typeof from === 'string' ? from : `at ${from.getTime()}`;
}

interface Reading<T> extends Pick<Changes<T>, 'openSince'> {
  readonly timeOf: (item: T) => Date;
}

function toChanges<T>(found: readonly Keyed<T>[], { openSince, timeOf }: Reading<T>): Changes<T> {
  const last = found.at(-1);
  return {
    items: found.map(({ item }) => item),
    upTo: last?.key ?? null,
    time: last === undefined ? null : timeOf(last.item).getTime(),
    openSince,
    isMore: found.length === changesAtOnce,
  };
}

/** About as many as the events have as JSON. */
function charactersOf(events: readonly JobEvent[]): number {
  const usual = 200;
  const segments = events.flatMap((event) => ('segments' in event ? event.segments : []));
  const ofSegments = segments.map(({ text, words }) => usual + text.length + (words?.length ?? 0) * usual);
  return ofSegments.reduce((sum, each) => sum + each, events.length * usual);
}
