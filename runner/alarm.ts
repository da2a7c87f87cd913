import { setTimeout as sleep } from 'node:timers/promises';

/** Wakes one sleeper. A ring while nobody sleeps is kept for the next sleep. */
export interface Alarm {
  readonly ring: () => void;
  /** Sleeps until a ring, or for `ms` at most. */
  sleep(ms: number): Promise<void>;
}

/** Opens an alarm. */
export function openAlarm(): Alarm {
  let waking = new AbortController();
  return {
    ring: () => waking.abort(),
    async sleep(ms) {
      // Aborted: that is what was waited for.
      await sleep(ms, undefined, { signal: waking.signal }).catch(() => undefined);
      waking = new AbortController();
    },
  };
}
