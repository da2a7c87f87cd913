import { HubError } from './hub-error.ts';

/** Ends a request on which nothing is heard for too long, or that nobody wants any more. */
export interface Silence extends Disposable {
  /** For the request. */
  readonly signal: AbortSignal;
  readonly heard: () => void;
  /** What the request comes to; where it breaks, throws HubError, or the reason of the one who wants it no more. */
  explain<T>(answer: Promise<T>): Promise<T>;
}

/** Listens from now on. `wanted` ends the request too. */
export function openSilence(wanted: AbortSignal, limitMs: number): Silence {
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), limitMs).unref();
  return {
    signal: AbortSignal.any([wanted, tooLong.signal]),
    heard: () => {
      timer.refresh();
    },
    async explain(answer) {
      try {
        return await answer;
      } catch (cause) {
        wanted.throwIfAborted();
        if (tooLong.signal.aborted) throw new HubError('The hub fell silent.', { passes: true });
        throw new HubError(`The hub cannot be reached (${codeOf(cause)}).`, { passes: true, cause });
      }
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** `fetch` hides what happened in the cause. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : codeOf(error.cause);
}
