const longestPushMs = 1_000; // more than this, and the clock was set back: follow it

/** Makes a clock whose readings differ, so that what arrives within one millisecond keeps its order. */
export function arrivals(now: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    last = time <= last && last - time < longestPushMs ? last + 1 : time;
    return last;
  };
}
