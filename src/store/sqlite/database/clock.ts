const longestPushMs = 1_000; // more than this, and the clock was set back: follow it

/** Gives places after `last` in an order, each by its time, but never before an earlier one: an order that no set clock changes. */
export function places(last: number): (time: number) => number {
  let place = last;
  return (time) => (place = Math.max(time, place + 1));
}

/** Makes a clock whose readings differ, so that what arrives within one millisecond keeps its order. */
export function arrivals(now: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const time = now();
    last = time <= last && last - time < longestPushMs ? last + 1 : time;
    return last;
  };
}
