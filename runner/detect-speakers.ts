import type { DetectionClaim, DetectionLease, DetectionStore } from '#src/store/detections.ts';
import type { Notifier } from '#src/store/notifier.ts';
import { retry } from '#src/operations/retry.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';
import { reapDetections } from './reap.ts';
import { SpeakersError, tellSpeakers, type TellingParts } from './tell-speakers.ts';

/** What speakers are told apart again with. */
export interface DetectingParts extends TellingParts {
  readonly store: TellingParts['store'] & DetectionStore;
  readonly notifier: Pick<Notifier, 'listen'>;
  /** Name of this worker. */
  readonly worker: string;
  /** How long one stays with its worker, or with who waits for it, that has not renewed it. */
  readonly leaseMs: number;
  /** Between two renewals. */
  readonly renewMs: number;
  /** Whether other processes take from this store. */
  readonly isFleet: boolean;
}

/** Each takes a core for seconds, beside the jobs. */
const atOnce = 2;
/** For what this process is not told of. */
const slowTickMs = 5000;

/** Tells speakers apart again where somebody waits for it. Disposing of it ends its engines, and leaves the jobs as they were. */
export function startDetecting(parts: DetectingParts): AsyncDisposable {
  const { store, notifier, log, worker, leaseMs, isFleet } = parts;
  const stopping = new AbortController();
  const wakeUp = openWakeUp();
  const running = new Set<Promise<void>>();
  const ask = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    retry(act, { log, what, signal: stopping.signal });

  async function fill(): Promise<void> {
    while (running.size < atOnce && !stopping.signal.aborted) {
      const claim = await ask('claimDetection', () => store.claimDetection(worker));
      if (claim === null) return;
      const run = detect(parts, claim, stopping.signal).finally(() => {
        running.delete(run);
        wakeUp.wake();
      });
      running.add(run);
    }
  }

  const reap = (afterMs: number): Promise<void> => ask('reapDetections', () => reapDetections({ store, log }, afterMs));

  async function work(): Promise<void> {
    // Where the database is this process's alone, who was there before it is gone.
    await reap(isFleet ? leaseMs : 0);
    for (let reapAt = performance.now() + slowTickMs; !stopping.signal.aborted;) {
      await fill();
      await wakeUp.sleep(Math.max(0, reapAt - performance.now()));
      if (stopping.signal.aborted || performance.now() < reapAt) continue;
      await reap(leaseMs);
      reapAt = performance.now() + slowTickMs;
    }
  }

  const working = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) log.fatal({ err }, 'speakers are no longer detected');
  });
  const listening = notifier.listen('queue', wakeUp.wake);
  return {
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      stopping.abort();
      wakeUp.wake();
      await working;
      await Promise.all(running);
      // Nobody else will take what still waits: who waits for it is told.
      if (!isFleet) await reap(0).catch((err: unknown) => log.error({ err }, 'detections left to the next start'));
    },
  };
}

/** One detection, to its end. Never rejects. */
async function detect(
  parts: DetectingParts,
  { lease, job, bounds }: DetectionClaim,
  stopping: AbortSignal,
): Promise<void> {
  const { store } = parts;
  const log = parts.log.child({ job: job.id });
  const start = performance.now();
  log.info('speaker detection started');
  using keeping = keepLease(parts, lease);
  const signal = AbortSignal.any([stopping, keeping.lost]);
  try {
    const isDone = await store.finishDetection(lease, () => tellSpeakers(parts, { job, bounds, voices: null, signal }));
    log.info({ ms: Math.round(performance.now() - start), isDone }, 'speaker detection ended');
  } catch (error) {
    if (keeping.lost.aborted) return;
    if (!(error instanceof SpeakersError)) log.error({ err: error }, 'speakers not detected for a reason of our own');
    else log.warn({ err: error }, 'speakers not detected');
    const problem = stopping.aborted ? 'The server stops.' : problemOf(error);
    // Where that cannot be written, its lease ends.
    await store
      .failDetection(lease, problem)
      .catch((err: unknown) => log.error({ err }, 'detection left to its lease'));
  }
}

function problemOf(error: unknown): string {
  return error instanceof SpeakersError ? error.message : 'The server could not write it.';
}

/** Renews a lease; `lost` is aborted where that is too late, or the job was deleted. */
function keepLease({ store, log, renewMs }: DetectingParts, lease: DetectionLease) {
  const lost = new AbortController();
  const timer = setInterval(() => {
    store.renewDetection(lease).then(
      (isHeld) => isHeld || lost.abort(),
      (err: unknown) => log.error({ job: lease.jobId, err }, 'lease of a detection not renewed'),
    );
  }, renewMs);
  return {
    lost: lost.signal,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
