/** A few at a time; the others wait in the order in which they came. */
export interface Turns {
  /** Acts when it is one's turn, which lasts until that is done. Throws the reason of a signal that is aborted before. */
  wait<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T>;
}

/** Opens `places` places. */
export function openTurns(places: number): Turns {
  let taken = 0;
  const isFull = () => taken >= places;
  const waiting = new Set<() => void>();

  async function untilFree(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (isFull()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
      signal.throwIfAborted();
    }
  }

  return {
    async wait(signal, act) {
      await untilFree(signal);
      taken += 1;
      try {
        return await act();
      } finally {
        taken -= 1;
        // All of them: the first may have gone away.
        for (const wake of waiting) wake();
      }
    },
  };
}
