import pRetry from 'p-retry';
import { StorageFullError } from '../errors.ts';
import { type Log, tellFullDisk } from '../logs/log.ts';

/** Between two tries. */
const [firstPauseMs, maxPauseMs] = [100, 5000];

/** How long a store is asked. */
export interface RetryOptions {
  readonly log: Log;
  /** The act, for the log. */
  readonly what: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** A full disk is waited for in any case; any other trouble this many times. */
  readonly maxTries?: number;
}

/**
 * Asks a store until it answers: each trouble is logged once, a full disk once a minute, the pauses between the tries grow to 5 s. Where the signal is
 * aborted, before or meanwhile, it is asked one last time. Throws the last error when it gives up.
 */
export async function retry<T>(
  act: () => Promise<T>,
  { log, what, signal, maxTries = Number.POSITIVE_INFINITY }: RetryOptions,
): Promise<T> {
  const answers: { readonly answer: T }[] = [];
  try {
    return await pRetry(
      async (tries) => {
        const answer = await act();
        answers.push({ answer });
        if (tries > 1) log.info({ what, tries }, 'store answers again');
        return answer;
      },
      {
        signal,
        retries: Number.POSITIVE_INFINITY,
        minTimeout: firstPauseMs,
        maxTimeout: maxPauseMs,
        onFailedAttempt({ error, attemptNumber }) {
          if (error instanceof StorageFullError) tellFullDisk(log);
          else if (attemptNumber === 1) log.error({ what, err: error }, 'store does not answer');
        },
        shouldRetry: ({ error, attemptNumber }) => error instanceof StorageFullError || attemptNumber < maxTries,
      },
    );
  } catch (error) {
    // p-retry forgets an answer that comes after the signal. What was done must not be done again.
    const [given] = answers;
    if (given !== undefined) return given.answer;
    if (signal.aborted) return act();
    throw error;
  }
}
