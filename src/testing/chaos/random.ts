/** Numbers that are the same for the same seed. */
export interface Random {
  /** At least 0, below `limit`. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T | undefined;
}

/** mulberry32: https://github.com/cprosche/mulberry32 */
export function openRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    below: (limit) => next() * limit,
    pick: (items) => items[Math.floor(next() * items.length)],
  };
}
