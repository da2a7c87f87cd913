import type { Job } from '#src/jobs/job.ts';
import { needsOf, type Worker } from '#src/jobs/worker.ts';
import type { ServerStatus } from '#src/operations/server-status.ts';
import { listenEvery } from '#src/store/notifier.ts';
import type { Pace } from '#src/store/store.ts';
import type { Context, RequestContext } from './context.ts';
import { type Feed, follow, type Following } from './subscription.ts';

type QueueNeeds = Pick<RequestContext, 'settings' | 'serverReader' | 'caller'>;

/** Begins no further job until resumeQueue, also after a restart. */
export async function pauseQueue({ settings, serverReader, caller }: QueueNeeds): Promise<ServerStatus> {
  if (!settings.current().paused) await settings.change({ paused: true }, caller);
  return serverReader.now();
}

/** Begins jobs again. */
export async function resumeQueue({ settings, serverReader, caller }: QueueNeeds): Promise<ServerStatus> {
  if (settings.current().paused) await settings.change({ paused: false }, caller);
  return serverReader.now();
}

/** Long enough that a page which asks for every place again asks little. */
const queueMs = 1000;

/** The queue now, then at most once a second when a job came, went or changed its place. A place is how often that was told. */
export function watchQueue({
  serverReader,
  notifier,
}: Pick<Context, 'serverReader' | 'notifier'>): Following<ServerStatus['queue']> {
  let told = 0;
  const feed: Feed<ServerStatus['queue']> = {
    listen: (wake) =>
      listenEvery({ notifier, topic: 'queue', ms: queueMs }, () => {
        told += 1;
        wake();
      }),
    async read(place) {
      const upTo = told;
      const items = place === upTo ? [] : [(await serverReader.now()).queue];
      return { items, upTo, next: 'LATER' };
    },
  };
  return follow(feed, { start: 'now' });
}

/** When a job that waits will begin; null for another, while the queue is paused, before the first job was completed, and where no worker takes it. */
export async function estimateStart(
  { id, status, options }: Pick<Job, 'id' | 'status' | 'options'>,
  { loaders, settings, config, store }: Pick<Context, 'loaders' | 'settings' | 'config' | 'store'>,
): Promise<Date | null> {
  const { numJobs, paused } = settings.current();
  if (status !== 'QUEUED' || paused) return null;
  const pool = store.isShared
    ? poolOf(needsOf(options), await loaders.workers.load(config.server.leaseSeconds * 1000))
    : { slots: config.server.slots ?? numJobs, classes: null };
  if (pool === null) return null;
  const { slots, classes } = pool;
  const [position, pace] = await Promise.all([
    classes === null ? loaders.queuePosition.load(id) : loaders.positionAmong.load({ id, classes }),
    loaders.pace.load('pace'),
  ]);
  if (position === null) return null;
  const now = Date.now();
  const working = pace.working.filter(({ needs }) => classes === null || classes.includes(needs));
  const seconds = secondsUntilStart(position, { pace: { ...pace, working }, slots, now });
  return seconds === null ? null : new Date(now + seconds * 1000);
}

/** Workers that take jobs of one class: how many they run at a time, and of which classes they take jobs, which take these slots as well. Null where there are none. */
export function poolOf(
  needs: string,
  workers: readonly Pick<Worker, 'status' | 'slots' | 'classes'>[],
): { readonly slots: number; readonly classes: readonly string[] } | null {
  const takers = workers.filter(({ status, classes }) => status === 'READY' && classes.includes(needs));
  if (takers.length === 0) return null;
  return {
    slots: takers.reduce((sum, { slots }) => sum + slots, 0),
    classes: [...new Set(takers.flatMap(({ classes }) => classes))].toSorted(),
  };
}

/**
 * Seconds until the job at `position` begins: the slots that are free or become free first take those before it, each for as long as the last
 * jobs took. Null where nothing was completed yet.
 */
export function secondsUntilStart(
  position: number,
  { pace, slots, now }: { readonly pace: Pace; readonly slots: number; readonly now: number },
): number | null {
  const { jobSeconds, working } = pace;
  if (jobSeconds === null) return null;
  const left = working.map(({ startedAt, etaSeconds }) => {
    const runs = (now - startedAt.getTime()) / 1000;
    return Math.max(0, etaSeconds ?? jobSeconds - runs);
  });
  // More jobs than slots run after numJobs was lowered: the first that end leave no slot.
  const busy = left.toSorted((a, b) => a - b).slice(-slots);
  const frees = [...Array.from({ length: slots - busy.length }, () => 0), ...busy];
  const before = position - 1;
  return (frees[before % slots] ?? 0) + Math.floor(before / slots) * jobSeconds;
}
