import { setTimeout as sleep } from 'node:timers/promises';
import { StorageFullError } from '#src/errors.ts';
import { type Log, tellFullDisk } from '#src/logs/log.ts';

const firstPauseMs = 100;
const maxPauseMs = 5000;

/** How patiently a store is asked. */
export interface Patience {
  readonly log: Log;
  /** The act, for the log. */
  readonly what: string;
  /** Ends the waiting; the act itself is tried at least once. */
  readonly signal: AbortSignal;
  /** A full disk is waited for in any case; any other trouble this many times. */
  readonly maxTries?: number;
}

/** Asks a store until it answers: each trouble is told once, a full disk once a minute, the pauses between the tries grow to 5 s. Throws the last error when it gives up. */
export async function patiently<T>(
  act: () => Promise<T>,
  { log, what, signal, maxTries = Number.POSITIVE_INFINITY }: Patience,
): Promise<T> {
  let pauseMs = firstPauseMs;
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await act();
      if (tries > 1) log.info({ what, tries }, 'store answers again');
      return answer;
    } catch (err) {
      const isFull = err instanceof StorageFullError;
      if (isFull) tellFullDisk(log);
      else if (tries === 1) log.error({ what, err }, 'store does not answer');
      if (signal.aborted || (tries >= maxTries && !isFull)) throw err;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // Aborted: one last try, then the error.
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
}
