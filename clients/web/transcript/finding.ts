import type { Segment } from './live-transcript.ts';

/** What is looked for in a transcript. */
export interface Finding {
  readonly isOpen: boolean;
  readonly text: string;
  /** Which of the matches is shown, from 0. */
  readonly at: number;
}

export const noFinding: Finding = { isOpen: false, text: '', at: 0 };

/** A place where a text occurs. */
export interface Match {
  /** Of the segment in its transcript. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

const fold = (text: string) => text.toLocaleLowerCase();

/** All places where a text occurs, whatever the case. */
export function matchesOf(segments: readonly Segment[], text: string): readonly Match[] {
  const wanted = fold(text);
  if (wanted === '') return [];
  return segments.flatMap((segment) =>
    placesIn(segment.text, wanted).map((from) => ({ index: segment.index, from, to: from + text.length })),
  );
}

function placesIn(text: string, wanted: string): readonly number[] {
  const folded = fold(text);
  const found: number[] = [];
  for (let at = folded.indexOf(wanted); at !== -1; at = folded.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}

/** The texts of segments in which matches are replaced, by their indexes; a segment is not left without text. */
export function replaced(
  segments: readonly Segment[],
  matches: readonly Match[],
  text: string,
): ReadonlyMap<number, { readonly text: string }> {
  const changes = [...Map.groupBy(matches, ({ index }) => index)].map(([index, some]) => {
    const before = segments[index]?.text ?? '';
    // From the end, so that places before stay where they are.
    const after = some.reduceRight((now, { from, to }) => now.slice(0, from) + text + now.slice(to), before);
    return [index, { text: after }] as const;
  });
  return new Map(changes.filter(([, change]) => change.text.trim() !== ''));
}

/** The segment that is said at a time, or was last: by halving, since a transcript may have thousands. -1 before the first. */
export function segmentAt(segments: readonly Segment[], seconds: number): number {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.startSeconds ?? Infinity) <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
