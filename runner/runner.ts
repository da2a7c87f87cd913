import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '#src/config/config.ts';
import type { Serves } from '#src/jobs/worker.ts';
import type { TranscriptionOptions } from '#src/jobs/job.ts';
import { isInstalled } from '#src/models/installed.ts';
import type { PartClaim } from '#src/store/parts.ts';
import type { Lease } from '#src/store/work.ts';
import { startDetecting } from './detect-speakers.ts';
import { type EngineKind, kindFor, type Machine } from './engine-request.ts';
import { readGpus } from './gpu.ts';
import { freeParts, reap } from './reap.ts';
import { retry } from '#src/operations/retry.ts';
import type { RunParts } from './run-context.ts';
import { runJob } from './run-job.ts';
import { readParts } from './splitting/read-part.ts';
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
export interface RunnerOptions extends Pick<RunParts, 'store' | 'notifier' | 'media' | 'samples' | 'config' | 'log'> {
  /** How many jobs may run at a time; asked at each tick. */
  readonly numJobs: () => number;
  /** What jobs it takes; asked at each tick. All where absent. */
  readonly serves?: () => Promise<Serves>;
  /** Whether no job may be started; asked at each tick. Never where absent. */
  readonly isPaused?: () => boolean;
  /** Name of this worker in the attempts; `workerName` where absent. */
  readonly worker?: string;
  /** Asks nvidia-smi. */
  readonly hasGpu?: () => Promise<boolean>;
  /** How long a worker may say nothing before its jobs are another's; `leaseSeconds` of the settings where absent. */
  readonly leaseMs?: number;
  /** Of this machine; `availableParallelism` where absent. */
  readonly cores?: number;
  /** Whether other processes take jobs from this store. */
  readonly isFleet?: boolean;
  /** 1 s before the second attempt, doubled before each further one. */
  readonly retryPauseMs?: number;
}

/** For what this process is not told of, such as a job added by another. */
const slowTickMs = 5000;
/** Between two looks at the leases of a fleet. */
const reapMs = 1000;
/** Of a lease: between two renewals of it, and between two reports of a worker. */
export const renewAfter = 0.3;
/** Of a lease: how long after the last renewal that was answered the engine of a fleet's worker is ended. */
const giveUpAfter = 0.8;
/** How much longer than engineStopSeconds a stop waits: a process that even SIGKILL does not end hangs in a device driver, and may stay for ever. */
const lastMs = 4000;

/** How many jobs are remembered of which no engine here may read a part. */
const mostUnfit = 1000;

/** How this process is called in the attempts. */
export const workerName = `${hostname()}:${process.pid}`;

/** Starts to run jobs; those of a server that died are given back to the queue first. */
export function startRunner(options: RunnerOptions): Runner {
  const { store, notifier, log, config, numJobs, isPaused = () => false, serves = async () => ({}) } = options;
  const { worker = workerName, retryPauseMs = 1000, isFleet = false } = options;
  const { cores = availableParallelism() } = options;
  const { leaseMs = config.server.leaseSeconds * 1000 } = options;
  const hasGpu = options.hasGpu ?? (async () => (await readGpus()).length > 0);
  const machineFor = (model: string) => readMachine(config, model, { numJobs, hasGpu, cores });
  const standby = openStandby({ config, log });
  const times = { renewMs: leaseMs * renewAfter, giveUpMs: isFleet ? leaseMs * giveUpAfter : null, retryPauseMs };
  const reading = new Set<string>();
  const hasHelpers = (engine: Readonly<Record<string, unknown>>) =>
    isFleet || (numJobs() > 1 && leavesCores(engine, cores));
  const parts: RunParts = { ...options, ...times, worker, machineFor, standby, hasHelpers, reading };
  const wakeUp = openWakeUp();
  const stopping = new AbortController();
  const runs = new Map<string, Promise<void>>();
  /** Jobs of which no engine here may read a part. */
  const unfit = new Set<string>();
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
      const claim = await ask('claim', async () => store.claim(worker, await serves()));
      if (claim !== null) keep(nameOf(claim.lease), runJob(parts, claim, stopping.signal));
      else if (!(await takePart())) return;
    }
  }

  function keep(name: string, run: Promise<void>): void {
    const running = run.finally(() => {
      runs.delete(name);
      wakeUp.wake();
    });
    runs.set(name, running);
  }

  /** Where no job waits, a slot helps to read the recording of one that runs; false where there is none. */
  async function takePart(): Promise<boolean> {
    if (config.server.splitMinutes === null) return false;
    const choice = { except: [...unfit], serves: await serves() };
    const claim = await ask('claimPart', () => store.claimPart(worker, choice));
    if (claim === null) return false;
    keep(claim.lease.token, help(claim));
    return true;
  }

  /** Whether a slot that helps is wanted by no job. */
  async function isSlotFree(): Promise<boolean> {
    return !isPaused() && runs.size <= numJobs() && (await store.queueCounts()).queued === 0;
  }

  async function help(claim: PartClaim): Promise<void> {
    const outcome = await readParts(parts, claim, { stopping: stopping.signal, mayGoOn: isSlotFree });
    if (outcome !== 'UNFIT') return;
    const [oldest] = unfit;
    if (oldest !== undefined && unfit.size >= mostUnfit) unfit.delete(oldest);
    unfit.add(claim.job.id);
  }

  /** Runs of this process keep, or lose, their leases themselves. */
  async function reapExpired(afterMs: number): Promise<void> {
    const expired = await ask('expiredAttempts', () => store.expiredAttempts(afterMs));
    const orphans = expired.filter((attempt) => !runs.has(nameOf(attempt)));
    if (orphans.length > 0) await ask('reap', () => reap(orphans, { store, log }));
    const open = await ask('expiredParts', () => store.expiredParts(afterMs));
    const left = open.filter(({ id }) => !reading.has(id));
    if (left.length > 0) await ask('freeParts', () => freeParts(left, { store, log }));
  }

  async function work(): Promise<void> {
    // Where the database is this process's alone, who held a lease before it is gone.
    await reapExpired(isFleet ? leaseMs : 0);
    const tickMs = isFleet ? reapMs : slowTickMs;
    for (let reapAt = performance.now() + tickMs; !stopping.signal.aborted;) {
      await fillSlots();
      await wakeUp.sleep(Math.max(0, reapAt - performance.now()));
      // Whoever was woken looks for a job first.
      if (stopping.signal.aborted || performance.now() < reapAt) continue;
      await reapExpired(leaseMs);
      reapAt = performance.now() + tickMs;
    }
  }

  // Only a stop ends the asking: then there is nothing left to do.
  const working = work().catch((err: unknown) => {
    if (!stopping.signal.aborted) log.fatal({ err }, 'runner ended');
  });
  const listening = notifier.listen('queue', wakeUp.wake);
  const detecting = startDetecting({ ...options, worker, isFleet, leaseMs, renewMs: times.renewMs });

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    listening[Symbol.dispose]();
    stopping.abort();
    wakeUp.wake();
    await working;
    await detecting[Symbol.asyncDispose]();
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
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** Whether an engine leaves cores of this machine idle. On a card it does not: two share the card. */
function leavesCores({ device, threads }: Readonly<Record<string, unknown>>, cores: number): boolean {
  return device === 'cpu' && typeof threads === 'number' && cores > threads;
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
  {
    numJobs,
    hasGpu,
    cores,
  }: { readonly numJobs: () => number; readonly hasGpu: () => Promise<boolean>; readonly cores: number },
): Promise<Machine> {
  const [hasModel, gpu] = await Promise.all([isInstalled(config, model), hasGpu()]);
  return { hasGpu: gpu, hasModel, cores, numJobs: numJobs() };
}
