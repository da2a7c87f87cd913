/** Segments that a job can have in the index: 1,900 hours of subtitles of half a second. */
const entriesPerJob = 2 ** 24;

/** Which entries are looked at; both ends belong to it. */
export interface Reach {
  readonly newest: number;
  readonly oldest: number;
}

/** The number of the entry of a segment, from the number of its job and its index. */
export function entryNumber(job: number, index: number): number {
  return job * entriesPerJob + index;
}

/** All entries of a job. */
export function reachOf(job: number): Reach {
  return { newest: entryNumber(job + 1, -1), oldest: entryNumber(job, 0) };
}

/** What two reaches have in common; null where that is nothing. */
export function overlap(one: Reach, other: Reach): Reach | null {
  const newest = Math.min(one.newest, other.newest);
  const oldest = Math.max(one.oldest, other.oldest);
  return newest < oldest ? null : { newest, oldest };
}
