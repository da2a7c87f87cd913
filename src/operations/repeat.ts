import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Does `look` now and every `everyMs`; disposing of it aborts the signal and waits for the look that is on its way. One that fails, such as on a full
 * disk, is told to `onError`, and the next is tried.
 */
export function repeat(
  everyMs: number,
  look: (signal: AbortSignal) => Promise<unknown>,
  onError: (error: unknown) => void,
): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const looking = (async () => {
    while (!signal.aborted) {
      await look(signal).catch(onError);
      // Aborted: that is the end.
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking;
    },
  };
}
