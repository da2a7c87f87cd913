/** Each item with the one after it; null for the last. */
export async function* withNext<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<readonly [T, T | null]> {
  let held: readonly [T] | null = null;
  for await (const item of items) {
    if (held !== null) yield [held[0], item];
    held = [item];
  }
  if (held !== null) yield [held[0], null];
}
