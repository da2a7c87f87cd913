import { RequestError } from '#src/errors.ts';
import { isFinished, type JobEvent } from '#src/jobs/job.ts';
import type { Context } from './context.ts';
import { type Feed, follow, type Following, type Slice } from './subscription.ts';

/** Events read at once; a reader that is slow holds no more than these. */
const eventsAtOnce = 25;

/**
 * Every event of a job after `after`, each once, first the stored ones, then live ones; ends when the newest is out and the job is finished.
 *
 * Throws NOT_FOUND for an unknown job, BAD_USER_INPUT where `after` is below 0 or beyond the newest event.
 */
export async function followJob(
  { id, after }: { readonly id: string; readonly after: number },
  { changes, notifier }: Pick<Context, 'changes' | 'notifier'>,
): Promise<Following<JobEvent>> {
  const kept = await changes.job(id);
  // Whoever comes from another node may know more than was read here a moment ago.
  const job = kept === null || after > kept.lastEventSeq ? await changes.jobNow(id) : kept;
  if (job === null) throw notFound();
  if (after < 0 || after > job.lastEventSeq) {
    throw new RequestError(
      'BAD_USER_INPUT',
      `after must be from 0 to ${job.lastEventSeq}, the newest event of this job.`,
    );
  }
  const feed: Feed<JobEvent> = {
    read: (place) => readEvents(id, Number(place), changes),
    listen: (wake) => notifier.listen('job', wake, id),
  };
  return follow(feed, { start: after, cursor: 'after' });
}

async function readEvents(id: string, after: number, changes: Context['changes']): Promise<Slice<JobEvent>> {
  const items = await changes.events(id, after, eventsAtOnce);
  const upTo = items.at(-1)?.seq ?? after;
  if (items.length === eventsAtOnce) return { items, upTo, next: 'MORE' };
  const now = await changes.job(id);
  if (now === null) throw notFound();
  if (now.lastEventSeq === upTo) return { items, upTo, next: isFinished(now.status) ? 'NOTHING' : 'LATER' };
  // Another node has written between the two readings. What was read before is kept for a moment, until this node hears of it.
  return { items, upTo, next: now.lastEventSeq > upTo && items.length > 0 ? 'MORE' : 'LATER' };
}

function notFound(): RequestError {
  return new RequestError('NOT_FOUND', 'There is no job with this id.');
}
