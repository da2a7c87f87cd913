import type { TranscriptionMode } from '../jobs/job.ts';
import type { Work } from '../store/store.ts';
import type { Ending, Lease } from '../store/work.ts';
import type { Metrics } from './metrics.ts';

/** An attempt that runs. */
interface Running {
  readonly mode: TranscriptionMode;
  readonly startedAt: number;
  /** Up to where the recording was transcribed when it began; 0 once the transcript was cleared. */
  from: number;
  /** Up to where it is transcribed now. */
  upTo: number;
  hasSegments: boolean;
}

/** The store as a worker has it, with a look at what the worker writes: from claims, batches and endings alone it is measured how jobs go. */
export function measureWork<S extends Work>(store: S, metrics: Metrics): S {
  const running = new Map<string, Running>();
  /** Of a lease that was lost nothing more is to be heard. */
  function keepIf(isKept: boolean, { token }: Lease): boolean {
    if (!isKept) running.delete(token);
    return isKept;
  }
  return {
    ...store,
    async claim(...args) {
      const claim = await store.claim(...args);
      if (claim === null) return null;
      const { lease, job } = claim;
      const from = job.progress.processedSeconds;
      const { mode } = job.options;
      running.set(lease.token, { mode, startedAt: performance.now(), from, upTo: from, hasSegments: false });
      if (lease.attempt === 1) metrics.waited(mode, Math.max(0, Date.now() - job.createdAt.getTime()) / 1000);
      return claim;
    },
    async renew(lease) {
      const renewed = await store.renew(lease);
      keepIf(renewed !== null, lease);
      return renewed;
    },
    async clearTranscript(lease) {
      const run = running.get(lease.token);
      if (run !== undefined) run.from = run.upTo = 0;
      return keepIf(await store.clearTranscript(lease), lease);
    },
    async appendBatch(lease, batch) {
      const isKept = keepIf(await store.appendBatch(lease, batch), lease);
      const run = running.get(lease.token);
      if (run === undefined) return isKept;
      const { processedSeconds } = batch.progress;
      metrics.transcribed(run.mode, Math.max(0, processedSeconds - run.upTo));
      run.upTo = Math.max(run.upTo, processedSeconds);
      if (!run.hasSegments && batch.segments.length > 0) {
        run.hasSegments = true;
        metrics.firstSegment(run.mode, secondsSince(run.startedAt));
      }
      return isKept;
    },
    async finish(lease, ending, tell) {
      const isKept = keepIf(await store.finish(lease, ending, tell), lease);
      const run = running.get(lease.token);
      running.delete(lease.token);
      if (run !== undefined) measure(run, ending, metrics);
      return isKept;
    },
  };
}

function measure({ mode, startedAt, from, upTo }: Running, ending: Ending, metrics: Metrics): void {
  const { kind: outcome, peakMemoryBytes } = ending;
  const seconds = secondsSince(startedAt);
  const isWhole = ending.kind === 'COMPLETED';
  // What is silent at the end is in no batch.
  if (isWhole) metrics.transcribed(mode, Math.max(0, ending.processedSeconds - upTo));
  const audioSeconds = isWhole ? Math.max(0, ending.processedSeconds - from) : null;
  metrics.attemptEnded({ mode, outcome, code: codeOf(ending), seconds, audioSeconds, peakMemoryBytes });
}

function codeOf(ending: Ending): string | null {
  if (ending.kind === 'FAILED') return ending.failure.code;
  return ending.kind === 'INTERRUPTED' ? ending.crash : null;
}

function secondsSince(time: number): number {
  return (performance.now() - time) / 1000;
}
