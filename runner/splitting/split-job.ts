import type { Job, Progress } from '#src/jobs/job.ts';
import type { Part } from '#src/store/parts.ts';
import type { Checkpoint } from '../engine-request.ts';
import type { Run } from '../run-context.ts';
import { writeUnder } from '../run-engine.ts';
import { isAt, isPlannedBy, partSeconds, rangesAfter } from './cut-parts.ts';
import { alone, type Course, type Passage, type Passer } from './passage.ts';

/** Only a COMPLETED job is at 1. */
const almost = 0.999;

/**
 * Lets others read a recording beside the engine that reads it from its beginning: has it planned where it is long, offers what is behind that engine as parts, takes back a part that
 * nobody has begun when the engine comes to it, and stops the engine at one that somebody has.
 */
export function splitJob(run: Run): Passage {
  const { parts: runParts, claim } = run;
  const { store, config } = runParts;
  const { splitMinutes } = config.server;
  if (splitMinutes === null) return alone;
  const { lease } = claim;
  const write = writeUnder(run);
  let besideSeconds = 0;
  let isToStop = false;
  let knownSeconds = claim.job.media.durationSeconds ?? 0;

  /** Has the recording planned, or gives its parts out, while there is enough of it left for it to be worth it. */
  async function offer(checkpoint: Checkpoint, { provenance }: Passer, leftSeconds: number): Promise<void> {
    const isLong = soundSeconds(claim.job, knownSeconds) > (splitMinutes ?? 0) * 60;
    if (!isLong || provenance === null || !runParts.hasHelpers(provenance)) return;
    const plan = await store.plan(claim.job.id);
    const isWorthIt = leftSeconds >= 2 * partSeconds(splitMinutes ?? 0);
    if (plan === null && isWorthIt) await write('askForPlan', () => store.askForPlan(lease, provenance));
    else if (plan?.state === 'FREE' && plan.failure === null && !isWorthIt) await store.withdrawPart(lease, plan.id);
    else if (plan?.plan && isPlannedBy(plan.plan, provenance)) {
      const ranges = rangesAfter(plan.plan, checkpoint.batch + 1);
      if (ranges.length === 0) return;
      const { media, peaks } = plan.plan.whole;
      await write('saveMedia', () => store.saveMedia(lease, media));
      if (peaks !== null) await write('savePeaks', () => store.savePeaks(lease, peaks));
      await write('offerParts', () => store.offerParts(lease, ranges, provenance));
    }
  }

  /** Where the engine comes to a part: at one that nobody has begun it goes on, unless it was told to stop there. */
  async function meet(checkpoint: Checkpoint, next: Part): Promise<Course> {
    if (isAt(checkpoint, next.range)) return !isToStop && (await store.withdrawPart(lease, next.id)) ? 'GO_ON' : 'STOP';
    runParts.log.error({ ...run.about, part: next.number }, 'parts do not fit and are thrown away');
    await write('dropParts', () => store.dropParts(lease));
    return isToStop ? 'STOP' : 'GO_ON';
  }

  return {
    beside: (progress, atSeconds) =>
      besideSeconds === 0
        ? progress
        : progressWith(progress, claim.job, { seconds: atSeconds + besideSeconds, knownSeconds }),
    async pass(checkpoint, passer) {
      knownSeconds = Math.max(knownSeconds, passer.knownSeconds);
      const parts = await store.parts(claim.job.id);
      besideSeconds = processedIn(parts);
      const [next] = parts;
      if (next === undefined) {
        await offer(checkpoint, passer, endSeconds(claim.job, knownSeconds) - passer.atSeconds);
        return 'GO_ON';
      }
      if (checkpoint.batch + 1 >= next.range.batch) return meet(checkpoint, next);
      if (next.state === 'FREE') return 'GO_ON';
      // Told ahead, so that the engine reads nothing beyond.
      isToStop = true;
      return next.range.clip;
    },
  };
}

/** Seconds of sound that were read as parts. */
export function processedIn(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.processedSeconds, 0);
}

/** A progress after so many seconds of a recording that is as long as is known; it never goes back. */
export function progressWith(
  progress: Progress,
  job: Job,
  { seconds, knownSeconds }: { readonly seconds: number; readonly knownSeconds: number },
): Progress {
  const start = job.options.clip?.startSeconds ?? 0;
  const whole = endSeconds(job, knownSeconds) - start;
  const fraction = whole > 0 ? Math.min(almost, (seconds - start) / whole) : 0;
  const rest = progress.fraction < 1 ? (1 - fraction) / (1 - progress.fraction) : 0;
  return {
    ...progress,
    processedSeconds: Math.max(progress.processedSeconds, Math.round(seconds * 1000) / 1000),
    fraction: Math.max(progress.fraction, fraction),
    etaSeconds: progress.etaSeconds === null ? null : progress.etaSeconds * Math.min(1, rest),
  };
}

/** The second at which a job ends. */
function endSeconds({ options: { clip } }: Job, knownSeconds: number): number {
  return Math.min(clip?.endSeconds ?? Number.POSITIVE_INFINITY, knownSeconds);
}

function soundSeconds(job: Job, knownSeconds: number): number {
  return endSeconds(job, knownSeconds) - (job.options.clip?.startSeconds ?? 0);
}
