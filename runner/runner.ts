import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '#src/config/config.ts';
import type { TranscriptionOptions } from '#src/jobs/job.ts';
import { isInstalled } from '#src/models/installed.ts';
import type { Lease } from '#src/store/work.ts';
import { openSpeakerDetector, type SpeakerDetector } from './detect-speakers.ts';
import { startDownloads } from './downloads.ts';
import { type EngineKind, kindFor, type Machine } from './engine-request.ts';
import { readGpus } from './gpu.ts';
import { reap } from './reap.ts';
import { retry } from '#src/operations/retry.ts';
import type { RunParts } from './run-context.ts';
import { runJob } from './run-job.ts';
import { startSettling } from './settle.ts';
import { openStandby } from './standby.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';

/** Takes jobs from the store and runs them, as many at a time as there are slots. */
export interface Runner extends AsyncDisposable {
  state(): RunnerState;
  /** Something that matters for the slots may have changed, such as numJobs. */
  readonly wake: () => void;
  /** The engine that jobs like this one need here; null where they ask for a GPU and there is none. */
  kindFor(needs: EngineNeeds): Promise<EngineKind | null>;
  /** Has an engine of this kind load its model ahead, so that the next job need not wait for it. The model must be there. */
  prepare(kind: EngineKind): void;
  /** Ends an engine that waits with this model loaded. */
  release(model: string): Promise<void>;
  /** Tells the speakers of a job apart again. */
  readonly detectSpeakers: SpeakerDetector['detect'];
  /** Claims no more, ends the engines and gives their jobs back to the queue: at most 9 s with the default engineStopSeconds. */
  stop(): Promise<void>;
}

/** What tells which engine a job needs. */
export type EngineNeeds = Pick<TranscriptionOptions, 'mode' | 'model' | 'computePower'>;

interface RunnerState {
  /** From when the jobs of a dead server are back in the queue, as long as the store answers. */
  readonly ready: boolean;
  /** Why it is not ready, for the person who runs the server. */
  readonly problem: string | null;
  /** Jobs that run here now. */
  readonly working: number;
  /** Engines that have a model loaded and wait for a job. */
  readonly standby: number;
}

/** What a runner is started with; what is optional has its default here. */
export interface RunnerOptions extends Pick<RunParts, 'store' | 'notifier' | 'media' | 'storage' | 'config' | 'log'> {
  /** How many jobs may run at a time; asked at each tick. */
  readonly numJobs: () => number;
  /** Whether no job may be started; asked at each tick. Never where absent. */
  readonly isPaused?: () => boolean;
  /** Name of this worker in the attempts; host name and pid. */
  readonly worker?: string;
  /** Asks nvidia-smi. */
  readonly hasGpu?: () => Promise<boolean>;
  /** 10 s. A lease lasts three missed renewals. */
  readonly renewMs?: number;
  /** 1 s before the second attempt, doubled before each further one. */
  readonly retryPauseMs?: number;
  /** The clock by which recordings are waited for that may still be written to: it only goes forward. */
  readonly nowMs?: () => number;
}

/** For what this process is not told of, such as a job added by another. */
const slowTickMs = 5000;
/** So many renewals may be missed before a lease is over. */
const renewalsPerLease = 3;
/** How much longer than engineStopSeconds a stop waits: a process that even SIGKILL does not end hangs in a device driver, and may stay for ever. */
const lastMs = 4000;

/** Starts to run jobs; those of a server that died are given back to the queue first. */
export function startRunner(options: RunnerOptions): Runner {
  const { store, notifier, log, config, numJobs, isPaused = () => false } = options;
  const { worker = `${hostname()}:${process.pid}`, renewMs = 10_000, retryPauseMs = 1000 } = options;
  const hasGpu = options.hasGpu ?? (async () => (await readGpus()).length > 0);
  const machineFor = (model: string) => readMachine(config, model, { numJobs, hasGpu });
  const standby = openStandby({ config, log });
  const parts: RunParts = { ...options, renewMs, retryPauseMs, machineFor, standby };
  const wakeUp = openWakeUp();
  const stopping = new AbortController();
  const runs = new Map<string, Promise<void>>();
  let problem: string | null = 'The runner is starting.';

  /** Asks the store until it answers; whether it does is to be seen meanwhile. */
  async function ask<T>(what: string, act: () => Promise<T>): Promise<T> {
    const acting = () =>
      act().catch((error: unknown) => {
        problem = 'The store does not answer.';
        throw error;
      });
    const answer = await retry(acting, { log, what, signal: stopping.signal });
    problem = null;
    return answer;
  }

  async function fillSlots(): Promise<void> {
    while (!isPaused() && runs.size < numJobs() && !stopping.signal.aborted) {
      const claim = await ask('claim', () => store.claim(worker));
      if (claim === null) return;
      const name = nameOf(claim.lease);
      const run = runJob(parts, claim, stopping.signal).finally(() => {
        runs.delete(name);
        wakeUp.wake();
      });
      runs.set(name, run);
    }
  }

  /** Runs of this process keep, or lose, their leases themselves. */
  async function reapExpired(leaseMs: number): Promise<void> {
    const expired = await ask('expiredAttempts', () => store.expiredAttempts(leaseMs));
    const orphans = expired.filter((attempt) => !runs.has(nameOf(attempt)));
    if (orphans.length > 0) await ask('reap', () => reap(orphans, { store, log }));
  }

  async function work(): Promise<void> {
    // The database is this process's alone: who held a lease before it is gone.
    await reapExpired(0);
    while (!stopping.signal.aborted) {
      await fillSlots();
      await wakeUp.sleep(slowTickMs);
      if (!stopping.signal.aborted) await reapExpired(renewMs * renewalsPerLease);
    }
  }

  // Only a stop ends the asking: then there is nothing left to do.
  const working = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) log.fatal({ err }, 'runner ended');
  });
  const listening = notifier.listen('job', wakeUp.wake);
  const settling = startSettling(options);
  const downloads = startDownloads(options);
  const detector = openSpeakerDetector(options);

  async function stop(): Promise<void> {
    listening[Symbol.dispose]();
    stopping.abort();
    wakeUp.wake();
    await working;
    await settling[Symbol.asyncDispose]();
    await downloads[Symbol.asyncDispose]();
    await detector[Symbol.asyncDispose]();
    await standby[Symbol.asyncDispose]();
    const inTime = await settleWithin(runs.values(), config.server.engineStopSeconds * 1000 + lastMs);
    if (!inTime) log.error({ jobs: runs.size }, 'engines left behind at stop');
  }

  return {
    state: () => ({ ready: problem === null, problem, working: runs.size, standby: standby.count }),
    wake: wakeUp.wake,
    kindFor: async (needs) => kindFor(needs, config, await machineFor(needs.model)),
    prepare: (kind) => standby.prepare(kind),
    release: (model) => standby.release(model),
    detectSpeakers: (...args) => detector.detect(...args),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function nameOf({ jobId, attempt }: Pick<Lease, 'jobId' | 'attempt'>): string {
  return `${jobId} ${attempt}`;
}

async function settleWithin(runs: Iterable<Promise<void>>, limitMs: number): Promise<boolean> {
  const done = new AbortController();
  const all = Promise.all(runs).then(() => true);
  const timeUp = sleep(limitMs, false, { signal: done.signal }).catch(() => false); // Aborted: the runs were first.
  const inTime = await Promise.race([all, timeUp]);
  done.abort();
  return inTime;
}

/** What a job with this model finds on this machine now. */
async function readMachine(
  config: Config,
  model: string,
  { numJobs, hasGpu }: { readonly numJobs: () => number; readonly hasGpu: () => Promise<boolean> },
): Promise<Machine> {
  const [hasModel, gpu] = await Promise.all([isInstalled(config, model), hasGpu()]);
  return { hasGpu: gpu, hasModel, cores: availableParallelism(), numJobs: numJobs() };
}
