import type { Segment, Word } from '../transcript.ts';
import { oneLine } from './line.ts';
import { toMs } from './time.ts';
import { wrap } from './wrap.ts';

/** How long the lines of a subtitle are; null = the whole segment on one line. */
export interface LineLimits {
  /** Columns; full-width characters take two. */
  readonly maxLineWidth: number | null;
  /** Lines a cue; a segment with more becomes several cues. */
  readonly maxLineCount: number | null;
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
export function cuesOf(segments: readonly Segment[], limits: LineLimits): readonly Cue[] {
  return apart(segments.flatMap((segment) => split(segment, limits)));
}

function split(segment: Segment, { maxLineWidth, maxLineCount }: LineLimits): readonly Cue[] {
  const text = oneLine(segment.text);
  if (text === '') return [];
  const width = maxLineWidth ?? (maxLineCount === null ? null : usualLineWidth);
  const lines = width === null ? [text] : wrap(text, width);
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
function timesOf({ startSeconds, endSeconds, words }: Segment, letters: readonly number[]): readonly number[] {
  const total = letters.reduce((sum, count) => sum + count, 0);
  const inner: number[] = [];
  let before = 0;
  for (const count of letters.slice(0, -1)) {
    before += count;
    const share = startSeconds + ((endSeconds - startSeconds) * before) / Math.max(1, total);
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
  return text.replaceAll(/\s/gu, '').length;
}

function apart(cues: readonly Cue[]): readonly Cue[] {
  const kept: Cue[] = [];
  let floor = 0;
  for (const [index, cue] of cues.entries()) {
    const startMs = Math.max(cue.startMs, floor);
    const nextMs = cues[index + 1]?.startMs ?? Number.POSITIVE_INFINITY;
    const endMs = Math.max(startMs + 1, Math.min(cue.endMs, nextMs));
    kept.push({ ...cue, startMs, endMs });
    floor = endMs;
  }
  return kept;
}
