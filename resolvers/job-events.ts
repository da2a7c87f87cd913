import { RequestError } from '#src/errors.ts';
import { type JobFilter, matches } from '#src/jobs/job-filter.ts';
import { isFinished, type Job, type JobEvent } from '#src/jobs/job.ts';
import type { ChangeEvent } from '#src/store/job-changes.ts';
import { subscribe } from '#src/store/notifier.ts';
import type { Context } from './context.ts';
import { type JobFilterInput, readFilter } from './jobs.ts';
import { coalesced, stoppable } from './subscription.ts';

/** Events read at once; a reader that is slow holds no more than these. */
const eventsAtOnce = 100;

/**
 * Every event of a job after `after`, each once, first the stored ones, then live ones; ends when the newest is out and the job is finished.
 *
 * Throws NOT_FOUND for an unknown job, BAD_USER_INPUT where `after` is below 0 or beyond the newest event.
 */
export async function followJob(
  { id, after }: { readonly id: string; readonly after: number },
  { store, notifier }: Pick<Context, 'store' | 'notifier'>,
): Promise<AsyncGenerator<JobEvent, void, undefined>> {
  const job = await store.job(id);
  if (job === null) throw notFound();
  if (after < 0 || after > job.lastEventSeq) {
    throw new RequestError(
      'BAD_USER_INPUT',
      `after must be from 0 to ${job.lastEventSeq}, the newest event of this job.`,
    );
  }
  return stoppable(async function* follow(signal) {
    using subscription = subscribe(notifier, 'job', id);
    let seq = after;
    while (!signal.aborted) {
      const events = await store.events(id, seq, eventsAtOnce);
      for (const event of events) {
        yield event;
        seq = event.seq;
      }
      if (events.length === eventsAtOnce) continue;
      const now = await store.job(id);
      if (now === null) throw notFound();
      if (now.lastEventSeq > seq) continue;
      if (isFinished(now.status)) return;
      await subscription.changes(signal);
    }
  });
}

function notFound(): RequestError {
  return new RequestError('NOT_FOUND', 'There is no job with this id.');
}

/** Jobs whose last event is remembered; one beyond it may be told twice of the same change. */
const maxSeen = 10_000;

/** The id of each job that is deleted from now on. */
export function watchDeletions({
  notifier,
  store,
}: Pick<Context, 'notifier' | 'store'>): AsyncGenerator<string, void, undefined> {
  return stoppable(async function* watch(signal) {
    using subscription = subscribe(notifier, 'jobDeleted');
    while (!signal.aborted) {
      for (const { id } of await store.deletedAmong([...(await subscription.changes(signal))])) yield id;
    }
  });
}

/** A job whenever one that matches the filter before or after the change is created, or changes status or progress. The last change is never dropped. */
export function watchJobs(
  { filter }: { readonly filter?: JobFilterInput | null | undefined },
  { notifier, changes }: Pick<Context, 'notifier' | 'changes'>,
): AsyncGenerator<Job, void, undefined> {
  const wanted = readFilter(filter);
  const since = new Date();
  const seen = new Map<string, number>();
  return coalesced({ notifier, topic: 'job' }, async function* read(changed) {
    for (const id of changed) {
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
