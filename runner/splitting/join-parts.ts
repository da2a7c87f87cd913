import type { Job, Progress } from '#src/jobs/job.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';
import type { Part, PartClaim } from '#src/store/parts.ts';
import type { Ending } from '#src/store/work.ts';
import { type Checkpoint, checkpointOf } from '../engine-request.ts';
import { endingOf } from '../outcome.ts';
import { notStarted, type Run } from '../run-context.ts';
import { haltFor, writeUnder } from '../run-engine.ts';
import { clipOf, isAt, joined, startSecondsOf } from './cut-parts.ts';
import { type PartOutcome, readParts } from './read-part.ts';
import { processedIn, progressWith } from './split-job.ts';

/** For what this process is not told of, such as what another process has read. */
const lookMs = 1000;

/** READ: to the end of the recording. GO_ON: an engine goes on at the checkpoint, since there are no parts any more. */
export type Joined =
  | { readonly kind: 'READ'; readonly checkpoint: Checkpoint; readonly provenance: Part['provenance'] }
  | { readonly kind: 'GO_ON'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'ENDED'; readonly ending: Ending | null };

/**
 * Puts what parts bring into the transcript, batch by batch and in their order, as it comes; meanwhile the slot of the job reads parts, too. Parts that do not fit are thrown
 * away: what comes after the last batch of the transcript is then read anew.
 */
export async function joinParts(run: Run, from: Checkpoint): Promise<Joined> {
  const wakeUp = openWakeUp();
  using stack = new DisposableStack();
  stack.use(run.parts.notifier.listen('job', wakeUp.wake, run.claim.job.id));
  run.halted.addEventListener('abort', wakeUp.wake);
  const leaving = new AbortController();
  const slot = openSlot(run, AbortSignal.any([run.halted, leaving.signal]), wakeUp.wake);
  try {
    const joining = await openJoining(run, from);
    while (!run.halted.aborted) {
      const answer = await joining.look(await slot.fill());
      if (answer !== null) return answer;
      await wakeUp.sleep(lookMs);
    }
  } catch (error) {
    haltFor(run, error);
  } finally {
    run.halted.removeEventListener('abort', wakeUp.wake);
    leaving.abort();
    await slot.empty();
  }
  return { kind: 'ENDED', ending: endingOf(notStarted(run)) };
}

/** The slot of the job, which reads one part after the other. */
function openSlot({ parts, claim }: Run, signal: AbortSignal, onEnd: () => void) {
  let reading: Promise<void> | null = null;
  let last: PartOutcome | null = null;
  async function read(part: PartClaim): Promise<void> {
    last = await readParts(parts, part, { stopping: signal, mayGoOn: async () => true });
    reading = null;
    onEnd();
  }
  return {
    /** Takes the next part where it is free; whether an engine here is unfit for them. */
    async fill(): Promise<boolean> {
      if (last === 'UNFIT') return true;
      if (reading !== null || signal.aborted) return false;
      const part = await parts.store.claimPart(parts.worker, { jobId: claim.job.id });
      if (part !== null) reading = read(part);
      return false;
    },
    empty: async () => (await reading) ?? undefined,
  };
}

async function openJoining(run: Run, from: Checkpoint) {
  const { store, log } = run.parts;
  const { lease } = run.claim;
  const write = writeUnder(run);
  const job = (await store.job(run.claim.job.id)) ?? run.claim.job;
  const pace = openPace(job);
  let checkpoint = from;
  let after = job.segmentCount;

  async function giveUp(why: string): Promise<Joined> {
    log.error({ ...run.about, why }, 'parts are thrown away');
    await write('dropParts', () => store.dropParts(lease));
    return { kind: 'GO_ON', checkpoint };
  }

  /** Puts what is there of the first part into the transcript; why it does not fit, null where it does. */
  async function take(head: Part, progress: Progress): Promise<string | null> {
    for (;;) {
      const batches = await store.partBatches(head.id, checkpoint.batch);
      if (batches.length === 0) return null;
      for (const { batch, segments, voices, checkpoint: said } of batches) {
        const own = checkpointOf({ checkpoint: said });
        if (own === null || batch !== checkpoint.batch + 1) return `batch ${batch} does not follow`;
        const whole = joined(checkpoint, own);
        const appended = { after, segments, voices, checkpoint: whole, progress };
        await write('appendBatch', () => store.appendBatch(lease, appended));
        after += segments.length;
        checkpoint = whole;
      }
    }
  }

  return {
    /** Looks at the parts once; null while there is more to come. */
    async look(isUnfit: boolean): Promise<Joined | null> {
      for (;;) {
        const parts = await store.parts(job.id);
        const [head] = parts;
        if (head === undefined) return { kind: 'GO_ON', checkpoint };
        const failure = parts.find((part) => part.failure !== null)?.failure;
        if (failure) return { kind: 'ENDED', ending: { ...noProcess, kind: 'FAILED', failure } };
        if (isUnfit) return giveUp('an engine here would write another text');
        if (checkpoint.batch + 1 === head.range.batch && !isAt(checkpoint, head.range))
          return giveUp('it begins elsewhere');
        const before = checkpoint;
        const { progress, isNew } = pace.at(startSecondsOf(head.range) + processedIn(parts));
        const misfit = await take(head, progress);
        if (misfit !== null) return giveUp(misfit);
        if (isNew && checkpoint === before) await write('enterStage', () => store.enterStage(lease, progress));
        if (head.state !== 'DONE') return null;
        if (head.range.to !== null && clipOf(checkpoint) !== head.range.to) return giveUp('it ends elsewhere');
        await write('closePart', () => store.closePart(lease, head.id));
        if (head.range.to === null) return { kind: 'READ', checkpoint, provenance: head.provenance };
      }
    },
  };
}

const noProcess = { exitCode: null, signal: null, peakMemoryBytes: null, provenance: null } as const;

/** How far all are together, and how fast since the beginning. */
function openPace(job: Job) {
  const start = performance.now();
  let first: number | null = null;
  let last = -1;
  return {
    /** `isNew`: it has changed since it was last asked for. */
    at(seconds: number): { readonly progress: Progress; readonly isNew: boolean } {
      first ??= seconds;
      const speed = (seconds - first) / ((performance.now() - start) / 1000);
      const knownSeconds = job.media.durationSeconds ?? 0;
      const etaSeconds = speed > 0 ? Math.max(0, knownSeconds - seconds) / speed : null;
      const isNew = seconds !== last;
      last = seconds;
      const progress = progressWith({ ...job.progress, etaSeconds: null }, job, { seconds, knownSeconds });
      return { progress: { ...progress, speed: speed > 0 ? speed : null, etaSeconds }, isNew };
    },
  };
}
