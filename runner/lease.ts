import { StorageFullError } from '#src/errors.ts';
import { type Log, tellFullDisk } from '#src/logs/log.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { JobReader, Work } from '#src/store/store.ts';
import type { Lease } from '#src/store/work.ts';

/** Where a lease of a job, or of a part of one, is kept. */
export interface LeaseParts<L> {
  readonly store: Pick<JobReader, 'job'> & { renew(lease: L): ReturnType<Work['renew']> };
  readonly notifier: Notifier;
  readonly log: Log;
  readonly renewMs: number;
  /** How long after the last renewal that was answered the engine is ended; null = never, where nobody else would take the job. */
  readonly giveUpMs: number | null;
}

/**
 * Renews a lease and looks out for a cancel: at each change of the job, which is at once, and at each renewal, which also
 * sees what another process wrote. A database that does not answer may give the job to another worker: where `giveUpMs` have passed, the lease counts as lost.
 * Calls `onHalt` with `cancel` or `lost` any number of times.
 */
export function keepLease<L extends Pick<Lease, 'jobId'>>(
  { store, notifier, log, renewMs, giveUpMs }: LeaseParts<L>,
  lease: L,
  onHalt: (halt: 'cancel' | 'lost') => void,
): Disposable {
  let renewedAt = performance.now();
  const renew = singleFlight(log, lease, async () => {
    const askedAt = performance.now();
    const answer = await store.renew(lease);
    renewedAt = askedAt;
    if (answer === null) onHalt('lost');
    else if (answer.cancelRequested) onHalt('cancel');
  });
  // The job's own writes notify as well: a look is a read, a renewal would be one more write for each of them.
  const look = singleFlight(log, lease, async () => {
    const job = await store.job(lease.jobId);
    if (job === null) onHalt('lost');
    else if (job.cancelRequestedAt !== null) onHalt('cancel');
  });
  const timer = setInterval(renew, renewMs);
  // A clock of its own: a renewal whose packets vanish is never answered.
  const giveUp =
    giveUpMs === null
      ? undefined
      : setInterval(() => performance.now() - renewedAt > giveUpMs && onHalt('lost'), giveUpMs / looksAtLease);
  const listening = notifier.listen('job', look, lease.jobId);
  look(); // For a cancel between the claim and now.
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      clearInterval(giveUp);
      listening[Symbol.dispose]();
    },
  };
}

/** So often, within the time in which a lease is given up, is looked whether it is over. */
const looksAtLease = 16;

/** Never two at once: what is asked for meanwhile is done once more afterwards. A store that throws is told once and asked again next time. */
function singleFlight(log: Log, lease: Pick<Lease, 'jobId'>, act: () => Promise<void>): () => void {
  let busy = false;
  let again = false;
  let told = false;
  function onError(err: unknown): void {
    if (err instanceof StorageFullError) tellFullDisk(log);
    else if (!told) log.error({ job: lease.jobId, err }, 'lease cannot be looked at');
    told = true;
  }
  async function run(): Promise<void> {
    busy = true;
    do {
      again = false;
      try {
        await act();
        told = false;
      } catch (error) {
        onError(error);
      }
    } while (again);
    busy = false;
  }
  return () => {
    if (busy) again = true;
    else run().catch(onError);
  };
}
