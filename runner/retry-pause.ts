import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './run-context.ts';

const maxPauseMs = 10_000;

/** Waits before an engine is started at work that has cost engines before, so that one which crashes at once does not spin. */
export async function pauseBefore({ parts, crashes, halted }: Running): Promise<void> {
  if (crashes === 0) return;
  const ms = retryPauseMs(crashes, parts.retryPauseMs, Math.random());
  // Aborted: the caller looks at the signal.
  await sleep(ms, undefined, { signal: halted }).catch(() => undefined);
}

/**
 * How long a job waits before it runs again after so many crashes of its engine: `firstMs`, doubled at each further one, at most 10 s. Between half and all of it,
 * by `random` (0 to 1), so that several jobs do not crash in step.
 */
export function retryPauseMs(crashes: number, firstMs: number, random: number): number {
  if (crashes === 0) return 0;
  return Math.min(firstMs * 2 ** (crashes - 1), maxPauseMs) * (0.5 + random / 2);
}
