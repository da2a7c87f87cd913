import DataLoader from 'dataloader';
import type { Attempt, Job } from '#src/jobs/job.ts';
import type { Speaker, StoredSegment } from '#src/jobs/transcript.ts';
import type { LogEntry } from '#src/store/logs.ts';
import type { JobPage, Keyed } from '#src/store/page.ts';
import type { Pace, Store } from '#src/store/store.ts';

/** Look-ups that many jobs of an answer ask for, each of its own: those that are asked for in one go are read in one go. */
export interface Loaders {
  readonly job: Loader<string, Job | null>;
  /** Of a job by its id: 1 = next to run; null when not queued. */
  readonly queuePosition: Loader<string, number | null>;
  /** How fast jobs go; there is one for all. */
  readonly pace: Loader<'pace', Pace>;
  /** How loud the recording of a job is. */
  readonly peaks: Loader<string, readonly number[] | null>;
  readonly attempts: Loader<string, readonly Attempt[]>;
  readonly speakers: Loader<string, readonly Speaker[]>;
  readonly segments: Loader<JobPage, readonly Keyed<StoredSegment>[]>;
  readonly logs: Loader<JobPage, readonly Keyed<LogEntry>[]>;
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
    pace: batching(async (keys) => {
      const pace = await store.pace();
      return keys.map(() => pace);
    }),
    peaks: batching((ids) => store.peaksOf(ids)),
    attempts: batching((ids) => store.attemptsOf(ids)),
    speakers: batching((ids) => store.speakersOf(ids)),
    segments: batching((pages) => store.segmentsOf(pages)),
    logs: batching((pages) => store.logsOf(pages)),
  };
}

function batching<K, V>(read: (keys: readonly K[]) => Promise<readonly V[]>): Loader<K, V> {
  return new DataLoader(read, { cache: false, maxBatchSize });
}
