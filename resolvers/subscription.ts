import { setTimeout as sleep } from 'node:timers/promises';
import { attend, type Bell } from '#src/store/notifier.ts';

/**
 * A generator that ends while it waits: `return` aborts the signal first, then lets the generator run to its end.
 *
 * A bare `async function*` would queue `return` behind the await in progress, and a client that left would stay subscribed.
 */
export function stoppable<T>(
  start: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const inner = start(stop.signal);
  const end = (): Promise<IteratorResult<T, void>> => {
    stop.abort();
    return inner.return();
  };
  return {
    next: () => inner.next(),
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

/** Rings of the same name within this time are one: at most four a second. */
const coalesceMs = 250;

/** What `tell` makes of the names that rang, or of one name alone; a name that rings while it is told is told again. */
export function coalesced<T>(
  bell: Bell,
  tell: (rung: ReadonlySet<string>) => AsyncGenerator<T, void, undefined>,
  name?: string,
): AsyncGenerator<T, void, undefined> {
  return stoppable(async function* watch(signal) {
    using ear = attend(bell, name);
    while (!signal.aborted) {
      yield* tell(await ear.heard(signal));
      await sleep(coalesceMs, undefined, { signal }).catch(() => undefined);
    }
  });
}
