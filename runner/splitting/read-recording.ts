import { openWakeUp } from '#src/operations/wake-up.ts';
import type { WholeRecording } from '#src/store/parts.ts';
import type { Ending } from '#src/store/work.ts';
import { type Checkpoint, checkpointOf, type JobLine } from '../engine-request.ts';
import { endingOf } from '../outcome.ts';
import type { Run } from '../run-context.ts';
import { runEngine } from '../run-engine.ts';
import { endJob } from './end-job.ts';
import { joinParts } from './join-parts.ts';
import { alone, type Passage } from './passage.ts';
import { splitJob } from './split-job.ts';

/** How long a cancel waits for those who read parts: their engines are ended in the same time as that of the job. */
const lookMs = 1000;

/**
 * Reads the recording of a job to its end: with an engine that begins at the checkpoint, and where others read parts of it, by joining these. How the attempt ends; null where
 * nothing may be written.
 */
export async function readRecording(run: Run, line: JobLine): Promise<Ending | null> {
  const ending = await readAll(run, line);
  if (ending?.kind === 'CANCELLED') await untilNobodyReads(run);
  return ending;
}

async function readAll(run: Run, line: JobLine): Promise<Ending | null> {
  if (run.parts.config.server.splitMinutes === null) return endingOf(await runEngine(run, line, alone));
  let checkpoint = checkpointOf(run.claim);
  for (;;) {
    if (checkpoint !== null && (await areNext(run, checkpoint))) {
      const joined = await joinParts(run, checkpoint);
      if (joined.kind === 'ENDED') return joined.ending;
      ({ checkpoint } = joined);
      const whole = joined.kind === 'READ' ? await wholeOf(run) : null;
      if (joined.kind === 'READ' && whole !== null)
        return endJob(run, { line: { ...line, resume: checkpoint.resume }, whole, provenance: joined.provenance });
    }
    const passage = remembering(splitJob(run), checkpoint);
    const ended = await runEngine(await at(run, checkpoint), { ...line, resume: checkpoint?.resume ?? null }, passage);
    if (!ended.isStopped) return endingOf(ended);
    checkpoint = passage.last();
  }
}

/** What the plan tells of the recording; null where there is none any more. */
async function wholeOf({ parts: { store }, claim }: Run): Promise<WholeRecording | null> {
  return (await store.plan(claim.job.id))?.plan?.whole ?? null;
}

/** Whether what comes after a checkpoint is read as parts. */
async function areNext({ parts: { store }, claim }: Run, checkpoint: Checkpoint): Promise<boolean> {
  const [next] = await store.parts(claim.job.id);
  return next !== undefined && checkpoint.batch + 1 >= next.range.batch;
}

/** The run as it stands at a checkpoint of its own. */
async function at(run: Run, checkpoint: Checkpoint | null): Promise<Run> {
  const job = (await run.parts.store.job(run.claim.job.id)) ?? run.claim.job;
  return { ...run, claim: { ...run.claim, job, checkpoint } };
}

function remembering(passage: Passage, first: Checkpoint | null): Passage & { last(): Checkpoint | null } {
  let last = first;
  return {
    ...passage,
    pass(checkpoint, passer) {
      last = checkpoint;
      return passage.pass(checkpoint, passer);
    },
    last: () => last,
  };
}

/** A job is CANCELLED when nothing runs for it any more. Who does not answer loses its lease. */
async function untilNobodyReads({ parts: { store, notifier, config, log }, claim, about }: Run): Promise<void> {
  const wakeUp = openWakeUp();
  using stack = new DisposableStack();
  stack.use(notifier.listen('job', wakeUp.wake, claim.job.id));
  const start = performance.now();
  const mostMs = Math.max(config.server.engineStopSeconds, config.server.leaseSeconds) * 1000 + lookMs;
  while ((await store.parts(claim.job.id)).some(({ state }) => state === 'TAKEN')) {
    if (performance.now() - start > mostMs) return log.warn({ ...about }, 'parts are still read');
    await wakeUp.sleep(lookMs);
  }
}
