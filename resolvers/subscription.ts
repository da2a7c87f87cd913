import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { coalesceMs, type Notifier, subscribe, type Topic } from '#src/store/notifier.ts';

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

/** Where a follower stands in a feed. Whoever stands at the same place is told the same. */
export type Place = string | number;

/** What a feed has after a place. */
export interface Slice<T> {
  readonly items: readonly T[];
  /** Where what comes next begins. */
  readonly upTo: Place;
  /** Whether there is MORE already, after another place than was asked for; something may come LATER, or NOTHING ever will. */
  readonly next: 'MORE' | 'LATER' | 'NOTHING';
}

/** What many may follow, each from a place of its own, which is all that is kept of a follower. */
export interface Feed<T> {
  /** What comes after a place, so few items that a follower who is slow may hold them. */
  read(place: Place): Promise<Slice<T>>;
  /** Calls `wake` whenever there may be something new. It must not throw and must not block. */
  listen(wake: () => void): Disposable;
}

/** Where to begin to follow. */
interface Beginning {
  readonly start: Place;
  /** The argument of the field that says so, and nothing else. */
  readonly cursor?: string;
}

/** A subscription to a feed, to be iterated, or to be followed together with others who ask for the same. */
export interface Following<T> extends AsyncGenerator<T, void, undefined>, Beginning {
  readonly feed: Feed<T>;
}

/** Follows a feed from its beginning on. */
export function follow<T>(feed: Feed<T>, beginning: Beginning): Following<T> {
  const items = stoppable(async function* iterate(signal) {
    const changes = new EventEmitter();
    let [count, place] = [0, beginning.start];
    const listening = feed.listen(() => {
      count += 1;
      changes.emit('change');
    });
    try {
      while (!signal.aborted) {
        const seen = count;
        const { items: these, upTo, next } = await feed.read(place);
        yield* these;
        place = upTo;
        if (next === 'NOTHING') return;
        if (next === 'MORE') await nextTurn();
        // Aborted: that is the end.
        else if (count === seen) await once(changes, 'change', { signal }).catch(() => undefined);
      }
    } finally {
      listening[Symbol.dispose]();
    }
  });
  return Object.assign(items, { feed, ...beginning });
}

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
