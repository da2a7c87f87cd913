/** A job as the order of the queue sees it. */
export interface QueuedJob {
  priority: number;
  readonly callerId: string | null;
  arrival: number;
  /** 0 where it was begun and goes on; null where it does not wait, and until its recording is fetched. */
  round: number | null;
  /** Its recording may still be written to. */
  isSettling: boolean;
}

/** The order of the queue, kept by looking at every job. */
export interface QueueModel {
  /** The jobs that wait, the next to run first. */
  order<T extends QueuedJob>(jobs: readonly T[]): readonly T[];
  /** A job comes that is newer than all others. */
  come(job: QueuedJob): void;
  /** A job gets its turn at last that was there before others of its caller. */
  comeLate(job: QueuedJob): void;
  begin(job: QueuedJob): void;
  leave(job: QueuedJob): void;
  move(job: QueuedJob, priority: number): void;
}

/** A queue that nobody has had a turn in. */
export function openQueueModel(jobs: readonly QueuedJob[]): QueueModel {
  const turns = new Map<string, { readonly priority: number; readonly round: number }>();
  const turnOf = (job: QueuedJob): number => turns.get(nameOf(job))?.round ?? 0;

  function lineOf(job: QueuedJob): readonly QueuedJob[] {
    const same = (other: QueuedJob) => other !== job && nameOf(other) === nameOf(job);
    return order(jobs).filter((other) => same(other) && other.round !== 0 && !other.isSettling);
  }
  function nextRound(job: QueuedJob): number {
    const rounds = [...turns.values()].flatMap(({ priority, round }) => (priority === job.priority ? [round] : []));
    return Math.max(1, turnOf(job) + 1, ...rounds);
  }
  function come(job: QueuedJob): void {
    job.round = Math.max(nextRound(job), (lineOf(job).at(-1)?.round ?? 0) + 1);
  }
  function comeLate(job: QueuedJob): void {
    come(job);
    const later = [job, ...lineOf(job).filter(({ arrival }) => arrival > job.arrival)];
    const rounds = [...later.slice(1), job].map(({ round }) => round);
    for (const [at, other] of later.entries()) other.round = rounds[at] ?? null;
  }
  function drawUp(job: QueuedJob): void {
    const [first] = lineOf(job);
    if (first !== undefined) first.round = Math.min(first.round ?? 0, nextRound(job));
  }
  function leave(job: QueuedJob): void {
    job.round = null;
    drawUp(job);
  }
  return {
    order,
    come,
    comeLate,
    leave,
    begin(job) {
      const { priority, round } = job;
      job.round = null;
      if (round === null || round === 0) return;
      turns.set(nameOf(job), { priority, round: Math.max(round, turnOf(job)) });
      drawUp(job);
    },
    move(job, priority) {
      const before = { ...job };
      job.priority = priority;
      if (before.priority === priority || before.round === null) return;
      if (before.round !== 0) (job.isSettling ? come : comeLate)(job);
      leave(before);
    },
  };
}

/** The jobs that wait, the next to run first. */
function order<T extends QueuedJob>(some: readonly T[]): readonly T[] {
  const waiting = some.filter(({ round }) => round !== null);
  return waiting.toSorted(
    (a, b) => b.priority - a.priority || (a.round ?? 0) - (b.round ?? 0) || a.arrival - b.arrival,
  );
}

const nameOf = ({ priority, callerId }: QueuedJob): string => `${priority} ${callerId ?? ''}`;
