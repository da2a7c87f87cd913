import type { Segment, Word } from '../../jobs/transcript.ts';
import { nameOf, oneLine, spoken, toMs, withNext } from './line.ts';
import { wrap } from './wrap.ts';

/** How long the lines of a subtitle are; null = the whole segment on one line. */
export interface LineLimits {
  /** Columns; full-width characters take two. */
  readonly maxLineWidth: number | null;
  /** Lines a cue; a segment with more becomes several cues. */
  readonly maxLineCount: number | null;
}

/** How a transcript is cut into cues. */
export interface CueManner extends LineLimits {
  /** Whether the speaker stands before the text of a segment, within its lines. */
  readonly named?: boolean;
  /** What all times are multiples of, for formats that have no milliseconds. */
  readonly unitMs?: number;
}

/** What stands on the screen from one time to another, in whole milliseconds. */
export interface Cue {
  readonly startMs: number;
  readonly endMs: number;
  readonly lines: readonly string[];
  readonly speaker: string | null;
}

/** What most subtitle guides allow a line, where only a number of lines was asked for. */
const usualLineWidth = 42;

/** The cues of segments: in order, none of zero length, none over another, also where speakers talk at the same time. */
export async function* cuesOf(
  segments: AsyncIterable<Segment> | Iterable<Segment>,
  manner: CueManner,
): AsyncGenerator<Cue> {
  const { unitMs = 1 } = manner;
  const toUnit = (ms: number) => Math.round(ms / unitMs) * unitMs;
  let floor = 0;
  for await (const [cue, next] of withNext(split(segments, manner))) {
    const startMs = Math.max(toUnit(cue.startMs), floor);
    const nextMs = next === null ? Number.POSITIVE_INFINITY : toUnit(next.startMs);
    floor = Math.max(startMs + unitMs, Math.min(toUnit(cue.endMs), nextMs));
    yield { ...cue, startMs, endMs: floor };
  }
}

async function* split(segments: AsyncIterable<Segment> | Iterable<Segment>, manner: CueManner): AsyncGenerator<Cue> {
  for await (const segment of segments) yield* partsOf(segment, manner);
}

function partsOf(segment: Segment, { maxLineWidth, maxLineCount, named = false }: CueManner): readonly Cue[] {
  const text = oneLine(segment.text);
  if (text === '') return [];
  const said = spoken(text, nameOf(segment.speaker, named));
  const width = maxLineWidth ?? (maxLineCount === null ? null : usualLineWidth);
  const lines = width === null ? [said] : wrap(said, width);
  const groups = grouped(lines, maxLineCount ?? lines.length);
  const times = timesOf(
    segment,
    groups.map((group) => lettersIn(group.join(''))),
  );
  return groups.map((group, index) => ({
    startMs: times[index] ?? 0,
    endMs: times[index + 1] ?? 0,
    lines: group,
    speaker: segment.speaker,
  }));
}

/** As few groups as can be, of sizes that differ by one at most. */
function grouped(lines: readonly string[], size: number): readonly (readonly string[])[] {
  const count = Math.ceil(lines.length / size);
  return Array.from({ length: count }, (_, index) =>
    lines.slice(Math.floor((index * lines.length) / count), Math.floor(((index + 1) * lines.length) / count)),
  );
}

/** Where each part of a text begins, and where the last ends: by the words where they are known, else by the letters. */
function timesOf({ startSeconds, endSeconds, text, words }: Segment, letters: readonly number[]): readonly number[] {
  const total = lettersIn(text);
  const inner: number[] = [];
  // A name before the text takes no time.
  let before = total - letters.reduce((sum, count) => sum + count, 0);
  for (const count of letters.slice(0, -1)) {
    before += count;
    const share = startSeconds + ((endSeconds - startSeconds) * Math.max(0, before)) / total;
    inner.push(words === null ? share : (startOfLetter(words, before) ?? share));
  }
  return [startSeconds, ...inner, endSeconds].map(toMs);
}

/** When the word begins that holds the letter after so many others. */
function startOfLetter(words: readonly Word[], letters: number): number | null {
  let passed = 0;
  for (const word of words) {
    passed += lettersIn(word.text);
    if (passed > letters) return word.startSeconds;
  }
  return null;
}

function lettersIn(text: string): number {
  return text.replaceAll(/[\s\p{Cc}]/gu, '').length;
}
