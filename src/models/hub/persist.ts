import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from './hub-error.ts';

/** Failures in a row after which it is given up. */
const maxFailures = 5;
/** What the hub may ask for at most: its limits are counted over five minutes. */
const longestWaitMs = 300_000;

/** How something is tried. */
interface Persistence {
  readonly signal: AbortSignal;
  /** Pause after the first failure; doubled after each further one. */
  readonly pauseMs: number;
  /** Hears of each failure that something is tried again after. */
  readonly onTrouble: (error: HubError) => void;
  /** Grows with what is reached: a failure after that is the first again. */
  readonly reached?: () => number;
}

/** Does it until it is done: what passes is tried again after a pause. Throws the fifth failure in a row, and at once what does not pass. */
export async function persist<T>(act: () => Promise<T>, persistence: Persistence): Promise<T> {
  const { signal, pauseMs, onTrouble, reached = () => 0 } = persistence;
  let failures = 0;
  for (;;) {
    const before = reached();
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof HubError) || !error.passes) throw error;
      failures = reached() > before ? 1 : failures + 1;
      if (failures === maxFailures) throw error;
      onTrouble(error);
      const waitMs = Math.min(error.waitMs, longestWaitMs);
      await sleep(Math.max(waitMs, pauseMs * 2 ** (failures - 1)), undefined, { signal });
    }
  }
}
