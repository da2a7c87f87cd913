/** A job as the order of the queue sees it. */
interface QueuedJob {
  readonly status: string;
  readonly priority: number;
  readonly callerId: string | null;
  readonly place: number;
  readonly isStarted: boolean;
}

/** The order of the queue, played through job by job. */
export interface QueueModel {
  /** The jobs that wait, the next to run first. */
  order<T extends QueuedJob>(jobs: readonly T[]): readonly T[];
  /** Notes that a job was started. */
  take(job: QueuedJob): void;
}

/** A queue that nobody has had a turn in. */
export function openQueueModel(): QueueModel {
  const turns = new Map<string, number>();
  return {
    order(jobs) {
      const played = new Map(turns);
      let waiting = jobs.filter(({ status }) => status === 'QUEUED');
      const order: typeof waiting = [];
      for (let next = first(waiting, played); next !== undefined; next = first(waiting, played)) {
        order.push(next);
        note(next, played);
        waiting = waiting.filter((job) => job !== next);
      }
      return order;
    },
    take: (job) => note(job, turns),
  };
}

type Turns = Map<string, number>;

const nameOf = ({ priority, callerId }: QueuedJob): string => `${priority} ${callerId ?? ''}`;

function first<T extends QueuedJob>(waiting: readonly T[], turns: Turns): T | undefined {
  const top = Math.max(...waiting.map(({ priority }) => priority));
  const level = waiting.filter(({ priority }) => priority === top).toSorted((a, b) => a.place - b.place);
  const turnOf = (job: QueuedJob): number => turns.get(nameOf(job)) ?? 0;
  // Sorting is stable: of callers without a turn the one goes first whose job came first.
  return level.find(({ isStarted }) => isStarted) ?? level.toSorted((a, b) => turnOf(a) - turnOf(b))[0];
}

function note(job: QueuedJob, turns: Turns): void {
  if (!job.isStarted) turns.set(nameOf(job), Math.max(0, ...turns.values()) + 1);
}
