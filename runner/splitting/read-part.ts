import type { JobFailure } from '#src/jobs/job.ts';
import type { LocalFile } from '#src/media/store.ts';
import { retry } from '#src/operations/retry.ts';
import type { PartClaim, PartLease, PartPlan, PartRange } from '#src/store/parts.ts';
import { type JobLine, requestFor } from '../engine-request.ts';
import { keepLease, type LeaseParts } from '../lease.ts';
import { type EndedAttempt, endingOf } from '../outcome.ts';
import { pauseBefore } from '../retry-pause.ts';
import { notStarted, openRunning, type Running, type RunParts } from '../run-context.ts';
import { converse, haltFor, writeUnder } from '../run-engine.ts';
import { bytesOfSamples, partSeconds } from './cut-parts.ts';
import { PartOutput } from './part-output.ts';
import { PlanOutput } from './plan-output.ts';

/** DONE, or given back for another; UNFIT: an engine here would write another text, or has not got the sound. */
export type PartOutcome = 'DONE' | 'LEFT' | 'UNFIT';

/** How an engine ended that read a part, or made a plan; null where it is unfit. */
interface Read {
  readonly ended: EndedAttempt | null;
  readonly plan?: PartPlan | null;
}

/** Reads a part of a recording, or plans its parts, and writes how that went. Never rejects. `stopping`: it is given back. */
export async function readPart(parts: RunParts, claim: PartClaim, stopping: AbortSignal): Promise<PartOutcome> {
  const about = { job: claim.job.id, part: claim.number };
  const running = openRunning(parts, about, claim.crashes);
  const onStop = (): void => running.halt('stop');
  stopping.addEventListener('abort', onStop);
  if (stopping.aborted) onStop();
  parts.reading.add(claim.lease.id);
  const keeping = keepLease(leaseParts(parts), claim.lease, running.halt);
  const start = performance.now();
  try {
    const read = claim.range === null ? makePlan(running, claim) : readRange(running, claim, claim.range);
    const outcome = await settle(running, claim, await read.catch((error: unknown) => failed(running, error)));
    parts.log.info({ ...about, outcome, ms: Math.round(performance.now() - start) }, 'part ended');
    return outcome;
  } catch (err) {
    parts.log.error({ ...about, err }, 'part is left to its lease');
    return 'LEFT';
  } finally {
    parts.reading.delete(claim.lease.id);
    keeping[Symbol.dispose]();
    stopping.removeEventListener('abort', onStop);
  }
}

/** As `keepLease` wants it: of a job that has ended nothing is to be read on. */
function leaseParts({ store, notifier, log, renewMs, giveUpMs }: RunParts): LeaseParts<PartLease> {
  return {
    store: {
      renew: async (lease) => ((await store.renewPart(lease)) ? { cancelRequested: false } : null),
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

/** Has an engine read what a part is of. */
async function readRange(running: Running, claim: PartClaim, range: PartRange): Promise<Read> {
  const { parts } = running;
  await pauseBefore(running);
  await using samples = await parts.samples.open(claim.job.id);
  const line = samples === null ? null : await lineFor(running, claim, samples.file);
  const { language } = claim.job;
  if (line === null || language === null || !isOfKind(line, claim)) return { ended: null };
  if (running.halted.aborted) return { ended: notStarted(running) };
  const listener = new PartOutput(claim, parts.store, writeUnder(running));
  const ended = await converse(running, {
    line: { ...line, part: { ...range, language: language.code, probability: language.probability } },
    listener,
    saveProcess: (process) => parts.store.savePartProcess(claim.lease, process),
  });
  return { ended: listener.isStopped && ended.halt === null ? null : ended };
}

/** Has an engine find out where the recording may be cut, and write its samples. */
async function makePlan(running: Running, claim: PartClaim): Promise<Read> {
  const { parts } = running;
  const { job, lease } = claim;
  await pauseBefore(running);
  await using recording = await parts.media.open(job.media);
  const line = recording === null ? null : await lineFor(running, claim, await recording.local(running.halted));
  if (line === null) return { ended: null };
  const seconds = job.media.durationSeconds ?? 0;
  await using samples = await parts.samples.write(job.id, bytesOfSamples(seconds));
  if (running.halted.aborted) return { ended: notStarted(running) };
  const listener = new PlanOutput(seconds);
  const ended = await converse(running, {
    line: { ...line, samples: { path: samples.path } },
    mode: '--plan',
    listener,
    saveProcess: (process) => parts.store.savePartProcess(lease, process),
  });
  if (ended.last?.type === 'end') await samples.keep();
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
async function settle(running: Running, { lease, job }: PartClaim, { ended, plan }: Read): Promise<PartOutcome> {
  const { store, log, samples } = running.parts;
  const write = <T>(act: () => Promise<T>): Promise<T> => retry(act, { log, what: 'part', signal: running.halted });
  const leave = (crashed: boolean, failure: JobFailure | null) =>
    write(() => store.leavePart(lease, { crashed, failure }));
  const ending = ended === null ? null : endingOf(ended);
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
