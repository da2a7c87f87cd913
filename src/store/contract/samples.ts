import { type Job, type JobEvent, jobLabelsSchema, type Progress, transcriptionOptionsSchema } from '../../jobs/job.ts';
import type { NewSegment } from '../../jobs/transcript.ts';
import type { Notifier } from '../notifier.ts';
import type { NewJob, Store } from '../store.ts';
import type { Batch, Claim, EndedProcess } from '../work.ts';

/** An empty store with its notifier; closing it leaves nothing behind. */
interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  readonly notifier: Notifier;
}

/** How an adapter opens an empty store for a test; `now` stands in for the machine's clock. */
export type OpenStore = (now?: () => number) => Promise<OpenedStore>;

const options = transcriptionOptionsSchema.parse({ model: 'base', beamSize: 1, clip: { startSeconds: 1.5 } });

/** A job to be added, like any other but for `changes`. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return {
    ...jobLabelsSchema.parse({ title: 'Address', metadata: { source: 'archive' }, tags: ['speech'] }),
    options,
    media: { name: 'address.wma', key: { root: '/media', path: 'address.wma' }, bytes: 12, sha256: null },
    idempotencyKey: null,
    callerId: null,
    ...changes,
  };
}

/** A segment that says `text`, of one second from `startSeconds`. */
export function newSegment(text: string, startSeconds = 0): NewSegment {
  return {
    startSeconds,
    endSeconds: startSeconds + 1,
    text,
    language: null,
    speaker: null,
    avgLogProbability: -0.25,
    noSpeechProbability: 0.5,
    guard: null,
    words: [{ startSeconds, endSeconds: startSeconds + 0.5, text: ` ${text}`, probability: 0.75, speaker: null }],
  };
}

/** A progress of an attempt that transcribes. */
export function progressAt(fraction: number): Progress {
  return { stage: 'TRANSCRIBING', fraction, processedSeconds: fraction * 100, etaSeconds: 10, speed: 4 };
}

/** A batch that brings these texts and ends at `fraction`. */
export function newBatch(texts: readonly string[], fraction = 0.5): Batch {
  return {
    segments: texts.map((text, second) => newSegment(text, second)),
    checkpoint: { batch: texts.length },
    progress: progressAt(fraction),
  };
}

/** How the process of an attempt ended, where it does not matter. */
export const quietly: EndedProcess = { exitCode: 0, signal: null, peakMemoryBytes: null, provenance: null };

/** A queued job. */
export async function added(store: Store, changes: Partial<NewJob> = {}): Promise<Job> {
  return (await store.addJob(newJob(changes))).job;
}

/** The next job of the queue, which must not be empty. */
export async function claimed(store: Store): Promise<Claim> {
  const claim = await store.claim('test');
  if (claim === null) throw new Error('The queue is empty.');
  return claim;
}

/** The events of a job after one, all of them. */
export async function eventsOf(store: Store, jobId: string, after = 0): Promise<readonly JobEvent[]> {
  const events: JobEvent[] = [];
  for (;;) {
    // Of large ones it gives a few at a time.
    const some = await store.events(jobId, events.at(-1)?.seq ?? after, Number.MAX_SAFE_INTEGER);
    if (some.length === 0) return events;
    events.push(...some);
  }
}

/** All that a client can see of a job. */
export async function everythingOf(store: Store, jobId: string) {
  return {
    job: await store.job(jobId),
    attempts: await store.attempts(jobId),
    segments: await store.segments(jobId, { limit: 1000 }),
    events: await eventsOf(store, jobId),
  };
}

/** What happened to a job, in words such as `QUEUED` and `SEGMENTS_ADDED`. */
export async function storyOf(store: Store, jobId: string): Promise<readonly string[]> {
  const events = await eventsOf(store, jobId);
  return events.map((event) => (event.kind === 'STATUS_CHANGED' ? event.status : event.kind));
}
