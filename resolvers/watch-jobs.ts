import { RequestError } from '#src/errors.ts';
import { type JobFilter, lastingPart, matches } from '#src/jobs/job-filter.ts';
import type { Job } from '#src/jobs/job.ts';
import { type ChangedJob, type From, keptDeletedMs, lookBackMs } from '#src/store/changes.ts';
import type { Changes } from '#src/store/job-changes.ts';
import type { Context } from './context.ts';
import { type JobFilterInput, readFilter } from './jobs.ts';
import { type Feed, follow, type Following, type Place, type Slice } from './subscription.ts';

type WatchNeeds = Pick<Context, 'changes'>;

/** From when on: null and absent are from now on. */
interface Since {
  readonly since?: Date | null | undefined;
}

/**
 * A job whenever one that matches the filter before or after the change is created, or is changed. The last change is never dropped. With `since` first those
 * that have changed since, and match the filter in what never changes. Throws CURSOR_EXPIRED.
 */
export async function watchJobs(
  { filter, since }: Since & { readonly filter?: JobFilterInput | null | undefined },
  { changes }: WatchNeeds,
): Promise<Following<Job>> {
  const wanted = readFilter(filter);
  const feed: Feed<Job> = {
    listen: (wake) => changes.listen(wake),
    async read(place): Promise<Slice<Job>> {
      const { from, until } = parsePlace(place);
      const changed = await changes.changedSince(from);
      const items = changed.items.filter((each) => isWanted(each, wanted, until)).map(({ job }) => job);
      return { items, ...nextPlace(place, changed) };
    },
  };
  const start = await startAt(since, changes);
  if (since && (await changes.countChanged(new Date(since.getTime() - lookBackMs), mostMissed)) > mostMissed) {
    throw expired(`More than ${mostMissed} jobs have changed since then.`);
  }
  return follow(feed, { start, cursor: 'since' });
}

/** The id of each job that is deleted; with `since` first of those that were deleted since. Throws CURSOR_EXPIRED. */
export async function watchDeletions(
  { since }: Since,
  { changes, notifier }: WatchNeeds & Pick<Context, 'notifier'>,
): Promise<Following<string>> {
  const feed: Feed<string> = {
    listen: (wake) => notifier.listen('jobDeleted', wake),
    async read(place): Promise<Slice<string>> {
      const { from } = parsePlace(place);
      const deleted = await changes.deletedSince(from);
      return { items: deleted.items.map(({ id }) => id), ...nextPlace(place, deleted) };
    },
  };
  return follow(feed, { start: await startAt(since, changes), cursor: 'since' });
}

/** What a client that was away is told one by one; with more it does better to query jobs anew. */
const mostMissed = 10_000;

function expired(message: string): RequestError {
  return new RequestError('CURSOR_EXPIRED', message, 'Query jobs anew, and follow without since.');
}

/** After everything that is there, or 30 s before a time. A time that is still to come, by the clock of a client, is now. */
async function startAt(since: Date | null | undefined, changes: WatchNeeds['changes']): Promise<Place> {
  const { newest, now, openSince } = await changes.changeClock();
  const present = settledBefore(newest.getTime() + 1, openSince);
  if (!since) return present;
  if (since.getTime() < now.getTime() - keptDeletedMs) {
    throw expired('What was changed and deleted is known for 7 days, and since is longer ago.');
  }
  const from = Math.min(since.getTime(), now.getTime()) - lookBackMs;
  return missedPlace({ until: newest.getTime(), openSince, from: new Date(Math.min(from, present)) });
}

/** The time, or what is before it of which nothing can come any more. No transaction is open for so long that more would be told twice. */
function settledBefore(time: number, openSince: number): number {
  return Math.min(time, Math.max(openSince, time - lookBackMs));
}

/**
 * A place is a time from which on changes are told; or, while there are more already, a key after which, with the time until which a follower was away, 0
 * where it was not, and from when on something may come that is passed over meanwhile.
 */
function parsePlace(place: Place): PlaceParts {
  if (typeof place === 'number') return { from: new Date(place), until: 0, openSince: Number.POSITIVE_INFINITY };
  const [until, openSince, from = ''] = place.split(' ');
  return {
    from: from.startsWith(atTime) ? new Date(Number(from.slice(atTime.length))) : from,
    until: Number(until),
    openSince: Number(openSince),
  };
}

interface PlaceParts {
  readonly from: From;
  readonly until: number;
  readonly openSince: number;
}

const atTime = '@';

function missedPlace({ until, openSince, from }: PlaceParts): string {
  return `${until} ${openSince} ${typeof from === 'string' ? from : `${atTime}${from.getTime()}`}`;
}

/** Those who have everything have the same place, wherever they came from. On several nodes some of it is told twice, for the sake of what may come late. */
function nextPlace(
  place: Place,
  { upTo, isMore, time, openSince }: Changes<unknown>,
): Pick<Slice<unknown>, 'upTo' | 'next'> {
  const { until, openSince: before } = parsePlace(place);
  const since = Math.min(openSince, before);
  if (isMore && upTo !== null) return { upTo: missedPlace({ until, openSince: since, from: upTo }), next: 'MORE' };
  const newest = Math.max(until, time ?? 0);
  return { upTo: newest === 0 ? place : settledBefore(newest + 1, since), next: 'LATER' };
}

/**
 * Whether a job matches as it is, or as it was since it was told last. Of what happened while a client was away only what never changes is asked: what it has
 * seen of the job is not known here.
 */
function isWanted({ job, changedAt, former }: ChangedJob, wanted: JobFilter, until: number): boolean {
  if (former === null || changedAt.getTime() <= until) return matches(job, lastingPart(wanted));
  return [job, ...former.map((before) => ({ ...job, ...before }))].some((each) => matches(each, wanted));
}
