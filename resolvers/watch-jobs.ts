import { setTimeout as sleep } from 'node:timers/promises';
import { attend } from '#src/bell.ts';
import type { Context } from '#src/context.ts';
import type { Job } from '#src/job.ts';
import type { JobEvent } from '#src/job-event.ts';
import { matches, type JobFilter } from '#src/store/job-filter.ts';
import { readFilter, type JobFilterInput } from './jobs.ts';
import { stoppable } from './stoppable.ts';

/** Changes of a job within this time are one item: at most four a second. */
const coalesceMs = 250;
/** Events of a job that are looked at in one go: more than come within a look, few enough to hold nobody up. */
const lookBack = 50;

/** The id of each job that is deleted from now on. */
export function watchDeletions({ deletions }: Pick<Context, 'deletions'>): AsyncGenerator<string, void, undefined> {
  return stoppable(async function* watch(signal) {
    using ear = attend(deletions);
    while (!signal.aborted) yield* await ear.heard(signal);
  });
}

/** A job whenever one that matches the filter before or after the change is created, or changes status or progress. The last change is never dropped. */
export function watchJobs(
  { filter }: { readonly filter?: JobFilterInput | null | undefined },
  { store, bell }: Pick<Context, 'store' | 'bell'>,
): AsyncGenerator<Job, void, undefined> {
  const wanted = readFilter(filter);
  const since = new Date();
  const seen = new Map<string, number>();
  return stoppable(async function* watch(signal) {
    using ear = attend(bell);
    while (!signal.aborted) {
      const rung = [...(await ear.heard(signal))].filter((id) => wanted.ids?.includes(id) ?? true);
      for (const [at, job] of (await store.jobsById(rung)).entries()) {
        if (job === null) {
          seen.delete(rung[at] ?? '');
          continue;
        }
        const changes = await readChanges(job);
        if (changes.length > 0 && isWanted(job, changes, wanted)) yield job;
      }
      await sleep(coalesceMs, undefined, { signal }).catch(() => undefined);
    }
  });

  async function readChanges(job: Job): Promise<readonly JobEvent[]> {
    const from = seen.get(job.id);
    seen.set(job.id, job.lastEventSeq);
    const events = await store.events(job.id, Math.max(from ?? 0, job.lastEventSeq - lookBack), lookBack);
    return events.filter(
      ({ kind, time }) => (from !== undefined || time >= since) && (kind === 'STATUS_CHANGED' || kind === 'PROGRESSED'),
    );
  }
}

/** Whether a job matches as it is now, or as it was in a status that it came from or went through. */
function isWanted(job: Job, changes: readonly JobEvent[], wanted: JobFilter): boolean {
  const held = changes.flatMap((change) => (change.kind === 'STATUS_CHANGED' ? [change.previous, change.status] : []));
  return [job.status, ...held].some((status) => status !== null && matches({ ...job, status }, wanted));
}
