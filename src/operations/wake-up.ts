import { setTimeout as sleep } from 'node:timers/promises';

/** Wakes one sleeper. A call while nobody sleeps is kept for the next sleep. */
export interface WakeUp {
  readonly wake: () => void;
  /** Sleeps until it is woken, or for `ms` at most. */
  sleep(ms: number): Promise<void>;
}

export function openWakeUp(): WakeUp {
  let waking = new AbortController();
  return {
    wake: () => waking.abort(),
    async sleep(ms) {
      // Aborted: that is what was waited for.
      await sleep(ms, undefined, { signal: waking.signal }).catch(() => undefined);
      waking = new AbortController();
    },
  };
}
