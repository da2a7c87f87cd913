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
