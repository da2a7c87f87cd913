/**
 * "Something changed for job X": carries no data, readers look in the table.
 *
 * One process rings and listens here; several machines put the same two calls on PostgreSQL's NOTIFY.
 */
export interface Bell {
  ring(jobId: string): void;
  /** Hears every ring, or only those of one job. The listener must not throw and must not block. */
  listen(listener: (jobId: string) => void, jobId?: string): Disposable;
}

/** Opens a bell for the listeners of this process. */
export function openBell(): Bell {
  const everyone = new Set<(jobId: string) => void>();
  const byJob = new Map<string, Set<(jobId: string) => void>>();
  return {
    ring(jobId) {
      for (const listener of everyone) listener(jobId);
      for (const listener of byJob.get(jobId) ?? []) listener(jobId);
    },
    listen(listener, jobId) {
      if (jobId === undefined) {
        everyone.add(listener);
        return {
          [Symbol.dispose]: () => {
            everyone.delete(listener);
          },
        };
      }
      const listeners = byJob.get(jobId) ?? new Set();
      byJob.set(jobId, listeners.add(listener));
      return {
        [Symbol.dispose]() {
          listeners.delete(listener);
          if (listeners.size === 0 && byJob.get(jobId) === listeners) byJob.delete(jobId);
        },
      };
    },
  };
}

/** Hears a bell without missing a ring between two waits, and without keeping more than the names of what changed. */
export interface Ear extends Disposable {
  /** The jobs that rang since the last answer; waits for one where there is none. Empty once the signal is aborted. */
  heard(signal: AbortSignal): Promise<ReadonlySet<string>>;
}

const nobody = (): void => undefined;

/** Listens from now on, to every job or to one. */
export function attend(bell: Bell, jobId?: string): Ear {
  let rung = new Set<string>();
  let wake = nobody;
  const listening = bell.listen((id) => {
    rung.add(id);
    wake();
  }, jobId);
  return {
    async heard(signal) {
      if (rung.size === 0 && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        signal.addEventListener('abort', wake, { once: true });
        await promise;
        signal.removeEventListener('abort', wake);
      }
      const heard = rung;
      rung = new Set();
      return signal.aborted ? new Set() : heard;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
