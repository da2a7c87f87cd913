import type { Segment } from '../../jobs/transcript.ts';
import { endsSentence } from '../sentences.ts';
import { oneLine, separatorBetween, toMs } from './line.ts';

/** What one voice says without a long pause, a few sentences: cues are cut from it anew, whatever its segments are. */
export interface Passage {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string | null;
  readonly language: string | null;
  /** When so many letters are said, one after another; all letters of the text. */
  readonly spans: readonly Span[];
}

interface Span {
  readonly letters: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** A pause after which nobody expects the sentence to go on. */
const longPauseSeconds = 2;
/** Segments touch, and may overlap a little, without another voice. */
export const touchingSeconds = 0.2;
/** A passage ends with the sentence from so many letters on, and at any segment from twice as many on: what is cut together is bounded. */
const enoughLetters = 400;
/** Nobody says more in a segment; one that has more is taken as several. */
const mostLetters = 300;

/** Groups segments, which are in the order of time; those without text are left out. */
export async function* passagesOf(
  segments: AsyncIterable<Segment> | Iterable<Segment>,
  language: string | null,
): AsyncGenerator<Passage> {
  let group: Segment[] = [];
  let letters = 0;
  for await (const whole of segments) {
    for (const segment of partsOf(whole)) {
      const last = group.at(-1);
      if (last !== undefined && (isApart(last, segment) || isEnough(letters, last, segment, language))) {
        yield passageOf(group, language);
        group = [];
        letters = 0;
      }
      group.push(segment);
      letters += segment.text.length;
    }
  }
  if (group.length > 0) yield passageOf(group, language);
}

/** A segment as it is; one that is far too long in parts, and none for one without text. */
function* partsOf(segment: Segment): Generator<Segment> {
  const text = oneLine(segment.text);
  if (text.length <= mostLetters) {
    if (text !== '') yield segment;
    return;
  }
  const { startSeconds, endSeconds } = segment;
  const at = (letters: number) => startSeconds + ((endSeconds - startSeconds) * letters) / text.length;
  for (let start = 0, end = 0; start < text.length; start = end) {
    const space = text.lastIndexOf(' ', start + mostLetters);
    end = space > start ? space + 1 : start + mostLetters;
    // Not within a pair of surrogates.
    if (/[\uD800-\uDBFF]/u.test(text.charAt(end - 1))) end += 1;
    const part = text.slice(start, end);
    yield { ...segment, text: part, startSeconds: at(start), endSeconds: at(Math.min(end, text.length)), words: null };
  }
}

function isApart(last: Segment, next: Segment): boolean {
  const pause = next.startSeconds - last.endSeconds;
  return (
    next.speaker !== last.speaker ||
    next.language !== last.language ||
    pause > longPauseSeconds ||
    pause < -touchingSeconds
  );
}

function isEnough(letters: number, last: Segment, next: Segment, language: string | null): boolean {
  if (letters < enoughLetters) return false;
  return letters > 2 * enoughLetters || endsSentence(last.text, ` ${next.text}`, last.language ?? language);
}

function passageOf(segments: readonly Segment[], language: string | null): Passage {
  let text = '';
  for (const segment of segments) {
    const line = oneLine(segment.text);
    text += text === '' ? line : separatorBetween(text, line) + line;
  }
  const spans: Span[] = [];
  let floor = 0;
  for (const span of segments.flatMap(spansOf)) {
    const startMs = Math.max(span.startMs, floor);
    spans.push({ letters: span.letters, startMs, endMs: Math.max(startMs, span.endMs) });
    floor = startMs;
  }
  return {
    text,
    startMs: spans[0]?.startMs ?? 0,
    endMs: Math.max(...spans.map(({ endMs }) => endMs)),
    speaker: segments[0]?.speaker ?? null,
    language: segments[0]?.language ?? language,
    spans,
  };
}

/** By the words where they are known, and are those of the text; else evenly over its letters. */
function spansOf({ startSeconds, endSeconds, text, words }: Segment): readonly Span[] {
  const letters = lettersIn(text);
  const [first, last] = [toMs(startSeconds), toMs(Math.max(startSeconds, endSeconds))];
  const within = (seconds: number) => Math.min(Math.max(toMs(seconds), first), last);
  const byWord = (words ?? [])
    .map((word) => ({
      letters: lettersIn(word.text),
      startMs: within(word.startSeconds),
      endMs: within(word.endSeconds),
    }))
    .filter((span) => span.letters > 0);
  const known = byWord.reduce((sum, span) => sum + span.letters, 0) === letters;
  return known ? byWord : [{ letters, startMs: first, endMs: last }];
}

/** Letters, in UTF-16 units: all but spaces and control characters. */
export function lettersIn(text: string): number {
  return text.replaceAll(/[\s\p{Cc}]/gu, '').length;
}
