import { setTimeout as sleep } from 'node:timers/promises';
import { type Notifier, subscribe, type Topic } from '#src/store/notifier.ts';

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

/** Changes of the same key within this time are one: at most four a second. */
const coalesceMs = 250;

/** What of a topic is watched: all of it, or one key. */
interface Watched {
  readonly notifier: Notifier;
  readonly topic: Topic;
  readonly key?: string | undefined;
}

/** What `read` makes of the keys that changed; one that changes while it is read is read again. */
export function coalesced<T>(
  { notifier, topic, key }: Watched,
  read: (changed: ReadonlySet<string>) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  return stoppable(async function* watch(signal) {
    using subscription = subscribe(notifier, topic, key);
    while (!signal.aborted) {
      yield* read(await subscription.changes(signal));
      await sleep(coalesceMs, undefined, { signal }).catch(() => undefined);
    }
  });
}
