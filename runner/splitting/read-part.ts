import type { JobFailure } from '#src/jobs/job.ts';
import type { LocalFile } from '#src/media/store.ts';
import { retry } from '#src/operations/retry.ts';
import type { PartClaim, PartLease, PartPlan, PartRange } from '#src/store/parts.ts';
import type { AttemptProcess } from '#src/store/work.ts';
import { checkpointOf, type JobLine, requestFor } from '../engine-request.ts';
import { keepLease, type LeaseParts } from '../lease.ts';
import { type EndedAttempt, endingOf } from '../outcome.ts';
import { bringHere, reach } from '../media-here.ts';
import { pauseBefore } from '../retry-pause.ts';
import { notStarted, openRunning, type Running, type RunParts } from '../run-context.ts';
import { converse, haltFor, writeUnder } from '../run-engine.ts';
import { bytesOfSamples, partSeconds } from './cut-parts.ts';
import { PartsOutput } from './part-output.ts';
import { PlanOutput } from './plan-output.ts';

/** DONE, or given back for another; UNFIT: an engine here would write another text, or has not got the sound. */
export type PartOutcome = 'DONE' | 'LEFT' | 'UNFIT';

/** How an engine ended that read parts, or made a plan; null where it is unfit. */
interface Read {
  readonly ended: EndedAttempt | null;
  readonly plan?: PartPlan | null;
}

/** When reading is given up, and when no further part is begun. */
interface Reading {
  /** What is read is given back. */
  readonly stopping: AbortSignal;
  /** Whether the engine may take another part of the job when it has read one. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** What a slot holds of a job while it reads: one part after the other, or the plan. */
interface Holding extends Disposable {
  readonly running: Running;
  /** The last part that was taken; null once it is read. */
  readonly claim: PartClaim | null;
  /** Takes the next part of the job; null where there is none to be read here. */
  next(): Promise<PartClaim | null>;
}

/** Reads parts of a recording with one engine, or plans its parts, and writes how that went. Never rejects. */
export async function readParts(parts: RunParts, first: PartClaim, reading: Reading): Promise<PartOutcome> {
  const { stopping } = reading;
  using holding = hold(parts, first, reading.mayGoOn);
  const { running } = holding;
  const onStop = (): void => running.halt('stop');
  stopping.addEventListener('abort', onStop);
  if (stopping.aborted) onStop();
  try {
    const read = first.range === null ? makePlan(running, first) : readRanges(holding, first, first.range);
    const { ended, plan } = await read.catch((error: unknown) => failed(running, error));
    const { claim } = holding;
    return claim === null ? 'DONE' : await settle(running, claim, { ended, ...(plan === undefined ? {} : { plan }) });
  } catch (err) {
    parts.log.error({ ...running.about, err }, 'part is left to its lease');
    return 'LEFT';
  } finally {
    stopping.removeEventListener('abort', onStop);
  }
}

/** Holds the leases of the parts that a slot reads, one after the other. */
function hold(parts: RunParts, first: PartClaim, mayGoOn: Reading['mayGoOn']): Holding {
  const { store, worker } = parts;
  const running = openRunning(parts, { job: first.job.id, part: first.number }, first.crashes);
  let claim: PartClaim | null = null;
  let keeping: Disposable | null = null;
  /** A renewal that is on its way when a part is read finds its lease gone, which is no loss. */
  let isRead = false;
  function keep(part: PartClaim): void {
    [claim, isRead] = [part, false];
    parts.reading.add(part.lease.id);
    keeping = keepLease(leaseParts(parts), part.lease, (reason) => {
      if (claim === part && !isRead) running.halt(reason);
    });
  }
  function drop(): void {
    if (claim !== null) parts.reading.delete(claim.lease.id);
    keeping?.[Symbol.dispose]();
    [claim, keeping] = [null, null];
  }
  keep(first);
  return {
    running,
    get claim() {
      return claim;
    },
    async next() {
      isRead = true;
      if (claim === null || (await settle(running, claim, { ended: done })) !== 'DONE') return null;
      drop();
      if (running.halted.aborted || !(await mayGoOn())) return null;
      const further = await store.claimPart(worker, { jobId: first.job.id });
      if (further === null) return null;
      keep(further);
      return further;
    },
    [Symbol.dispose]: drop,
  };
}

/** Of an engine that has said of a part that it is read. */
const done: EndedAttempt = {
  exit: { exitCode: null, signal: null, problem: null },
  last: { type: 'end', segments: 0, voices: null, durationSeconds: 0, peakMemoryBytes: null, warnings: [] },
  halt: null,
  problem: null,
  crashes: 0,
  peakMemoryBytes: null,
  provenance: null,
};

/** As `keepLease` wants it: of a job that has ended nothing is to be read on. */
function leaseParts({ store, notifier, log, renewMs, giveUpMs }: RunParts): LeaseParts<PartLease> {
  return {
    store: {
      async renew(lease) {
        if (!(await store.renewPart(lease))) return null;
        return { cancelRequested: (await store.job(lease.jobId))?.cancelRequestedAt !== null };
      },
      async job(id) {
        const job = await store.job(id);
        return job?.finishedAt === null ? job : null;
      },
    },
    notifier,
    log,
    renewMs,
    giveUpMs,
  };
}

function failed(running: Running, error: unknown): Read {
  haltFor(running, error);
  return { ended: notStarted(running) };
}

/** Has an engine read a part, and what it may take after it. */
async function readRanges(holding: Holding, first: PartClaim, range: PartRange): Promise<Read> {
  const { running } = holding;
  const { parts } = running;
  await pauseBefore(running);
  await using samples = await reach(running, () => parts.samples.open(first.job.id, running.halted));
  const line = samples === null ? null : await lineFor(running, first, samples.file);
  const { language } = first.job;
  if (line === null || language === null || !isOfKind(line, first)) return { ended: null };
  if (running.halted.aborted) return { ended: notStarted(running) };
  const write = writeUnder(running);
  const { store } = parts;
  let child: AttemptProcess | null = null;
  const lineOf = (of: PartRange) => ({ ...of, language: language.code, probability: language.probability });
  const listener = new PartsOutput(first, { store, write }, async () => {
    const next = await holding.next();
    const process = child;
    if (next === null || next.range === null || process === null) return null;
    await write('savePartProcess', () => store.savePartProcess(next.lease, process));
    return { claim: next, line: { part: lineOf(next.range), resume: checkpointOf(next)?.resume ?? null } };
  });
  const ended = await converse(running, {
    line: { ...line, part: lineOf(range) },
    listener,
    async saveProcess(process) {
      child = process;
      return store.savePartProcess(first.lease, process);
    },
  });
  return { ended: listener.isStopped && ended.halt === null ? null : ended };
}

/** Has an engine find out where the recording may be cut, and write its samples. */
async function makePlan(running: Running, claim: PartClaim): Promise<Read> {
  const { parts } = running;
  const { job, lease } = claim;
  await pauseBefore(running);
  await using here = await bringHere(running, job);
  const line = here === null ? null : await lineFor(running, claim, here.file);
  if (line === null) return { ended: null };
  const seconds = job.media.durationSeconds ?? 0;
  await using samples = await parts.samples.write(job.id, bytesOfSamples(seconds));
  if (running.halted.aborted) return { ended: notStarted(running) };
  const listener = new PlanOutput(claim);
  const ended = await converse(running, {
    line: { ...line, samples: { path: samples.path } },
    mode: '--plan',
    listener,
    saveProcess: (process) => parts.store.savePartProcess(lease, process),
  });
  if (listener.isStopped && ended.halt === null) return { ended: null };
  if (ended.last?.type === 'end') await reach(running, () => samples.keep());
  return { ended, plan: listener.plan(partSeconds(parts.config.server.splitMinutes ?? 0)) };
}

async function lineFor({ parts }: Running, claim: PartClaim, file: LocalFile): Promise<JobLine | null> {
  const { job, checkpoint, number } = claim;
  const machine = await parts.machineFor(job.options.model);
  const asking = { job, checkpoint, lease: { attempt: number } };
  const request = requestFor(asking, parts.config, { ...machine, file });
  return request.kind === 'START' ? request.line : null;
}

/** Whether an engine of this kind may write the same text; whether it does, it says itself, as the type that it really computes in. */
function isOfKind({ device }: JobLine, { provenance }: PartClaim): boolean {
  return provenance?.['device'] === device;
}

/** Writes what became of a part. */
async function settle(
  running: Running,
  { lease, job, number, crashes }: PartClaim,
  { ended, plan }: Read,
): Promise<PartOutcome> {
  const { store, log, samples } = running.parts;
  const write = <T>(act: () => Promise<T>): Promise<T> => retry(act, { log, what: 'part', signal: running.halted });
  const leave = (crashed: boolean, failure: JobFailure | null) =>
    write(() => store.leavePart(lease, { crashed, failure }));
  const ending = ended === null ? null : endingOf({ ...ended, crashes });
  const outcome = await settled();
  log.info({ job: job.id, part: number, outcome }, 'part ended');
  return outcome;

  async function settled(): Promise<PartOutcome> {
    if (ended === null) {
      await leave(false, null);
      return 'UNFIT';
    }
    if (ending === null) return 'LEFT';
    if (ending.kind !== 'COMPLETED') {
      const crashed = ending.kind === 'INTERRUPTED' && ending.crash !== null;
      await leave(crashed, ending.kind === 'FAILED' ? ending.failure : null);
      return 'LEFT';
    }
    if (await write(() => store.finishPart(lease, plan ?? undefined))) return 'DONE';
    // The job has ended meanwhile: nobody needs what was planned.
    if (plan !== undefined) await samples.remove(job.id);
    return 'LEFT';
  }
}
