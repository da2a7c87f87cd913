import { RequestError } from '#src/errors.ts';
import type { Recording } from '#src/media/store.ts';
import type { Claim, Ending } from '#src/store/work.ts';
import { type JobLine, requestFor } from './engine-request.ts';
import { keepLease } from './lease.ts';
import { bringHere } from './media-here.ts';
import { endingOf } from './outcome.ts';
import { retry } from '#src/operations/retry.ts';
import { pauseBefore } from './retry-pause.ts';
import { notStarted, openRun, type Run, type RunParts } from './run-context.ts';
import { readRecording } from './splitting/read-recording.ts';
import { SpeakersError, tellSpeakers } from './tell-speakers.ts';

/** Runs a claimed job to its end and writes how it ended. Never rejects. `stopping`: the server stops, the job goes back to the queue. */
export async function runJob(parts: RunParts, claim: Claim, stopping: AbortSignal): Promise<void> {
  const log = parts.log.child({ job: claim.job.id, attempt: claim.lease.attempt });
  const start = performance.now();
  const run = openRun(parts, claim);
  const onStop = (): void => run.halt('stop');
  stopping.addEventListener('abort', onStop);
  if (stopping.aborted) onStop();
  const keeping = keepLease(parts, claim.lease, run.halt);
  try {
    log.info('job started');
    const ending = await attempt(run);
    const isWritten = ending !== null && (await finish(run, ending, stopping));
    if (isWritten && ending.kind !== 'INTERRUPTED') await removeSamples(parts, claim.job.id);
    const ms = Math.round(performance.now() - start);
    log.info({ outcome: isWritten ? ending.kind : 'LEASE_LOST', ...reasonOf(ending), ms }, 'job ended');
  } catch (err) {
    log.error({ err }, 'job is left to the next start');
  } finally {
    keeping[Symbol.dispose]();
    stopping.removeEventListener('abort', onStop);
  }
}

/** What cannot be removed now is swept. */
async function removeSamples({ samples, log }: RunParts, job: string): Promise<void> {
  await samples.remove(job).catch((err: unknown) => log.warn({ job, err }, 'samples not removed'));
}

async function attempt(run: Run): Promise<Ending | null> {
  const { parts, claim } = run;
  await pauseBefore(run);
  if (run.halted.aborted) return endingOf(notStarted(run));
  try {
    // Open until the engine is gone: it reads this file and no other, whatever becomes of the path.
    await using here = await bringHere(run, claim.job);
    const machine = await parts.machineFor(claim.job.options.model);
    const request = requestFor(claim, parts.config, { ...machine, file: here?.file ?? null });
    if (run.halted.aborted) return endingOf(notStarted(run));
    if (request.kind === 'REFUSE') return { ...noProcess, kind: 'FAILED', failure: request.failure };
    return await hashMeanwhile(run, request.line, here?.recording ?? null);
  } catch (err) {
    if (run.halted.aborted) return endingOf(notStarted(run));
    parts.log.error({ job: claim.job.id, err }, 'job cannot go on');
    run.halt('fault', err instanceof RequestError ? err.message : undefined);
    return endingOf(notStarted(run));
  }
}

/**
 * Has the recording hashed beside the engine, so that a later job with the same bytes can be spared. An upload was hashed when it came; a job that
 * ends otherwise than COMPLETED does not wait for it.
 */
async function hashMeanwhile(run: Run, line: JobLine, recording: Recording | null): Promise<Ending | null> {
  const { claim, halted } = run;
  if (recording === null || claim.job.media.sha256 !== null) return await readRecording(run, line);
  const unwanted = new AbortController();
  const hashing = recording.sha256(AbortSignal.any([halted, unwanted.signal]));
  const ending = await readRecording(run, line);
  if (ending?.kind === 'COMPLETED') return { ...ending, sha256: await hashing };
  unwanted.abort();
  await hashing;
  return ending;
}

/**
 * Writes how the attempt ended, with its speakers where they were asked for: where those cannot be told apart, without them. Where the store throws on the way to a
 * stop, the job is left as it is: the next start reaps it.
 */
async function finish(run: Run, ending: Ending, stopping: AbortSignal): Promise<boolean> {
  const { parts, claim } = run;
  const write = <T>(act: () => Promise<T>): Promise<T> =>
    retry(act, { log: parts.log, what: 'finish', signal: stopping });
  if (!(await isToBeTold(run, ending))) return write(() => parts.store.finish(claim.lease, ending));
  const told = await write(() =>
    parts.store
      .finish(claim.lease, ending, () => tell(run, ending))
      .catch((error: unknown) => {
        if (error instanceof SpeakersError) return error;
        throw error;
      }),
  );
  if (!(told instanceof SpeakersError)) return told;
  const instead = run.halted.aborted ? endingOf(notStarted(run)) : { ...ending, warnings: [warningOf(told)] };
  return instead !== null && (await write(() => parts.store.finish(claim.lease, instead)));
}

async function isToBeTold({ parts, claim: { job } }: Run, ending: Ending): Promise<boolean> {
  if (!job.options.diarize || ending.kind !== 'COMPLETED' || (ending.voices ?? null) === null) return false;
  return (await parts.store.heardSegments(job.id, -1)).length > 0;
}

function tell({ parts, claim: { job, lease }, halted }: Run, ending: Ending): ReturnType<typeof tellSpeakers> {
  const voices = ending.kind === 'COMPLETED' ? (ending.voices ?? null) : null;
  const { minSpeakers, maxSpeakers } = job.options;
  return tellSpeakers(parts, {
    job,
    bounds: { minSpeakers, maxSpeakers },
    voices,
    signal: halted,
    async started({ pid, startTime }) {
      if (pid !== undefined) await parts.store.saveProcess(lease, { pid, pidStartTime: startTime, device: 'cpu' });
    },
  });
}

function warningOf({ message }: SpeakersError): string {
  return `The speakers could not be told apart. ${message} detectSpeakers tries again.`;
}

const noProcess = { exitCode: null, signal: null, peakMemoryBytes: null, provenance: null } as const;

function reasonOf(ending: Ending | null): { readonly code?: string } {
  if (ending?.kind === 'FAILED') return { code: ending.failure.code };
  return ending?.kind === 'INTERRUPTED' && ending.crash !== null ? { code: ending.crash } : {};
}
