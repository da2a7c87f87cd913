import { RequestError } from '#src/errors.ts';
import type { JobEvent } from '#src/jobs/job-event.ts';
import { isFinished } from '#src/jobs/job.ts';
import { attend } from '#src/store/notifier.ts';
import type { Context } from './context.ts';
import { stoppable } from './subscription.ts';

/** Events read at once; a reader that is slow holds no more than these. */
const eventsAtOnce = 100;

/**
 * Every event of a job after `after`, each once, first the stored ones, then live ones; ends when the newest is out and the job is finished.
 *
 * Throws NOT_FOUND for an unknown job, BAD_USER_INPUT where `after` is below 0 or beyond the newest event.
 */
export async function followJob(
  { id, after }: { readonly id: string; readonly after: number },
  { store, bell }: Pick<Context, 'store' | 'bell'>,
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
    using ear = attend(bell, id);
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
      await ear.heard(signal);
    }
  });
}

function notFound(): RequestError {
  return new RequestError('NOT_FOUND', 'There is no job with this id.');
}
