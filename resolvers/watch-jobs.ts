import { type JobFilter, matches } from '#src/jobs/job-filter.ts';
import type { Job } from '#src/jobs/job.ts';
import type { ChangeEvent } from '#src/store/job-changes.ts';
import { attend } from '#src/store/notifier.ts';
import { coalesced } from './coalesced.ts';
import type { Context } from './context.ts';
import { type JobFilterInput, readFilter } from './jobs.ts';
import { stoppable } from './subscription.ts';

/** Jobs whose last event is remembered; one beyond it may be told twice of the same change. */
const maxSeen = 10_000;

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
  { bell, changes }: Pick<Context, 'bell' | 'changes'>,
): AsyncGenerator<Job, void, undefined> {
  const wanted = readFilter(filter);
  const since = new Date();
  const seen = new Map<string, number>();
  return coalesced(bell, async function* tell(rung) {
    for (const id of rung) {
      if (!(wanted.ids?.includes(id) ?? true)) continue;
      const found = await changes.read(id, seen.get(id) ?? since);
      seen.delete(id);
      if (found === null) continue;
      remember(seen, found.job);
      if (found.changes.length > 0 && isWanted(found.job, found.changes, wanted)) yield found.job;
    }
  });
}

function remember(seen: Map<string, number>, { id, lastEventSeq }: Job): void {
  seen.set(id, lastEventSeq);
  const [longestAgo] = seen.keys();
  if (seen.size > maxSeen && longestAgo !== undefined) seen.delete(longestAgo);
}

/** Whether a job matches as it is now, or as it was in a status that it came from or went through. */
function isWanted(job: Job, changes: readonly ChangeEvent[], wanted: JobFilter): boolean {
  const held = changes.flatMap((change) => (change.kind === 'STATUS_CHANGED' ? [change.previous, change.status] : []));
  return [job.status, ...held].some((status) => status !== null && matches({ ...job, status }, wanted));
}
