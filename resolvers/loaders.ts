import DataLoader from 'dataloader';
import type { Attempt, Job } from '#src/jobs/job.ts';
import type { Speaker, StoredSegment } from '#src/jobs/transcript.ts';
import type { Worker } from '#src/jobs/worker.ts';
import type { LogEntry } from '#src/store/logs.ts';
import type { JobPage, Keyed } from '#src/store/page.ts';
import type { Pace, Store } from '#src/store/store.ts';

/** Look-ups that many jobs of an answer ask for, each of its own: those that are asked for in one go are read in one go. */
export interface Loaders {
  readonly job: Loader<string, Job | null>;
  /** Of a job by its id: 1 = next to run; null when not queued. */
  readonly queuePosition: Loader<string, number | null>;
  /** The same among the jobs of some classes. */
  readonly positionAmong: Loader<{ readonly id: string; readonly classes: readonly string[] }, number | null>;
  /** Who runs jobs, by how many milliseconds a lease lasts. */
  readonly workers: Loader<number, readonly Worker[]>;
  /** How fast jobs go; there is one for all. */
  readonly pace: Loader<'pace', Pace>;
  /** How loud the recording of a job is. */
  readonly peaks: Loader<string, readonly number[] | null>;
  readonly attempts: Loader<string, readonly Attempt[]>;
  readonly speakers: Loader<string, readonly Speaker[]>;
  readonly segments: Loader<JobPage, readonly Keyed<StoredSegment>[]>;
  readonly logs: Loader<JobPage, readonly Keyed<LogEntry>[]>;
  /** The newest line of the log; there is one log for all. */
  readonly logCursor: Loader<'log', string>;
}

interface Loader<K, V> {
  load(key: K): Promise<V>;
}

/** The largest page of jobs. */
const maxBatchSize = 100;

/** Loaders that remember nothing: a subscription would be answered with what was there at its beginning. */
export function openLoaders(store: Store): Loaders {
  return {
    job: batching((ids) => store.jobsById(ids)),
    queuePosition: batching((ids) => store.queuePositions(ids)),
    positionAmong: batching((asked) => positionsAmong(store, asked)),
    workers: batching(async (leases) => {
      const workers = await store.workers(leases[0] ?? 0);
      return leases.map(() => workers);
    }),
    pace: batching(async (keys) => {
      const pace = await store.pace();
      return keys.map(() => pace);
    }),
    peaks: batching((ids) => store.peaksOf(ids)),
    attempts: batching((ids) => store.attemptsOf(ids)),
    speakers: batching((ids) => store.speakersOf(ids)),
    segments: batching((pages) => store.segmentsOf(pages)),
    logs: batching((pages) => store.logsOf(pages)),
    logCursor: batching(async (keys) => {
      const newest = await store.logCursor();
      return keys.map(() => newest);
    }),
  };
}

/** As many questions as there are sets of classes: one for each kind of worker. */
async function positionsAmong(
  store: Pick<Store, 'queuePositions'>,
  asked: readonly { readonly id: string; readonly classes: readonly string[] }[],
): Promise<readonly (number | null)[]> {
  const positions = new Map<object, number | null>();
  for (const group of Map.groupBy(asked, ({ classes }) => classes.join('\n')).values()) {
    const found = await store.queuePositions(
      group.map(({ id }) => id),
      group[0]?.classes,
    );
    for (const [at, each] of group.entries()) positions.set(each, found[at] ?? null);
  }
  return asked.map((each) => positions.get(each) ?? null);
}

function batching<K, V>(read: (keys: readonly K[]) => Promise<readonly V[]>): Loader<K, V> {
  return new DataLoader(read, { cache: false, maxBatchSize });
}
