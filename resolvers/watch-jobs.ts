import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '#src/errors.ts';
import { type JobFilter, matches } from '#src/jobs/job-filter.ts';
import type { Job } from '#src/jobs/job.ts';
import type { ChangeEvent } from '#src/store/job-changes.ts';
import { subscribe, type Subscription } from '#src/store/notifier.ts';
import type { Context } from './context.ts';
import { type JobFilterInput, readFilter } from './jobs.ts';
import { coalesceMs, type Feed, follow, type Following, type Slice } from './subscription.ts';

type WatchNeeds = Pick<Context, 'notifier' | 'changes'>;

/** A job whenever one that matches the filter before or after the change is created, or changes status or progress. The last change is never dropped. */
export function watchJobs(
  { filter }: { readonly filter?: JobFilterInput | null | undefined },
  context: WatchNeeds,
): Following<Job> {
  return follow(openJobFeed(readFilter(filter), context), { start: fromNow });
}

/** The place of who has come just now. */
const fromNow = 'now';
/** Jobs read at once; a reader that is slow holds no more than these. */
const jobsAtOnce = 25;
/** Jobs whose last change is remembered; one beyond it may be told twice of the same change. */
const maxKept = 10_000;

/** The jobs that matched when they changed, in the order of their last change; a place is the number of a change. */
function openJobFeed(wanted: JobFilter, { notifier, changes }: WatchNeeds): Feed<Job> {
  const since = new Date();
  const seen = new Map<string, number>();
  const recent = openRecent();
  let failure: unknown;
  /** Judges a change once for everybody, however far they are. */
  async function judge(id: string): Promise<void> {
    if (!(wanted.ids?.includes(id) ?? true)) return;
    const found = await changes.read(id, seen.get(id) ?? since);
    seen.delete(id);
    if (found === null) return;
    seen.set(id, found.job.lastEventSeq);
    forgetOldest(seen);
    if (found.changes.length > 0 && isWanted(found.job, found.changes, wanted)) recent.add(id);
  }
  async function watch(changed: Subscription, signal: AbortSignal, wake: () => void): Promise<void> {
    while (!signal.aborted) {
      for (const id of await changed.changes(signal)) {
        await judge(id);
        await nextTurn();
      }
      wake();
      // Aborted: that is the end.
      await sleep(coalesceMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return {
    listen(wake) {
      const stop = new AbortController();
      const changed = subscribe(notifier, 'job');
      watch(changed, stop.signal, wake).catch((error: unknown) => {
        failure = error;
        wake();
      });
      return {
        [Symbol.dispose]() {
          stop.abort();
          changed[Symbol.dispose]();
        },
      };
    },
    async read(place): Promise<Slice<Job>> {
      if (failure !== undefined) throw failure;
      if (place === fromNow) return { items: [], upTo: recent.newest(), next: 'LATER' };
      const { ids, upTo } = recent.after(Number(place));
      const jobs = await Promise.all(ids.map((id) => changes.job(id)));
      const items = jobs.filter((job) => job !== null);
      return { items, upTo, next: upTo < recent.newest() ? 'MORE' : 'LATER' };
    },
  };
}

/** The jobs that changed of late, each once, by the number of its last change. */
function openRecent() {
  const numbers = new Map<string, number>();
  const ids = new Map<number, string>();
  let [newest, forgotten] = [0, 0];
  return {
    newest: () => newest,
    add(id: string): void {
      ids.delete(numbers.get(id) ?? 0);
      numbers.delete(id);
      newest += 1;
      numbers.set(id, newest);
      ids.set(newest, id);
      const gone = forgetOldest(numbers);
      if (gone === undefined) return;
      forgotten = gone;
      ids.delete(gone);
    },
    /** Some of those that changed after a number, the one that changed first before the others. Throws CURSOR_EXPIRED. */
    after(number: number): { readonly ids: readonly string[]; readonly upTo: number } {
      if (number < forgotten) {
        throw new RequestError(
          'CURSOR_EXPIRED',
          `More than ${maxKept} jobs have changed while you read nothing.`,
          'Query jobs anew, and read faster.',
        );
      }
      const found: string[] = [];
      for (let at = number + 1; at <= newest; at += 1) {
        const id = ids.get(at);
        if (id !== undefined) found.push(id);
        if (found.length === jobsAtOnce) return { ids: found, upTo: at };
      }
      return { ids: found, upTo: newest };
    },
  };
}

/** Forgets the first of a map that has become too large; answers what was kept of it. */
function forgetOldest(map: Map<string, number>): number | undefined {
  const [oldest] = map;
  if (oldest === undefined || map.size <= maxKept) return undefined;
  map.delete(oldest[0]);
  return oldest[1];
}

/** Whether a job matches as it is now, or as it was in a status that it came from or went through. */
function isWanted(job: Job, changes: readonly ChangeEvent[], wanted: JobFilter): boolean {
  const held = changes.flatMap((change) => (change.kind === 'STATUS_CHANGED' ? [change.previous, change.status] : []));
  return [job.status, ...held].some((status) => status !== null && matches({ ...job, status }, wanted));
}
