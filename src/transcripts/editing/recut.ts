import type { NewSegment, Segment, Word } from '../../jobs/transcript.ts';
import { openJoining } from '../render/line.ts';
import { mostWords, type Wording } from './apply-edit.ts';

/** A segment as the engine heard it, and how somebody has worded it since; null = not at all. */
interface Said {
  readonly heard: Segment;
  readonly wording: Wording | null;
}

/** A segment that is said by one speaker, with what somebody has made of its text. */
export interface Recut {
  readonly heard: NewSegment;
  readonly wording: Wording | null;
}

/**
 * The parts in which a segment was cut anew, with the text that somebody has written in it: its words go to the part in which they are said. A part in which
 * none of them is becomes one with a part beside it; where it is not known when the words are said, or they are more than anybody says in a segment, all become one. Times and speakers are those of the parts.
 */
export function recut(parts: readonly NewSegment[], before: readonly Said[]): readonly Recut[] {
  if (before.every(({ heard, wording }) => wording === null || wording.text === heard.text)) return parts.map(asHeard);
  const isLong = parts.reduce((sum, { words }) => sum + (words?.length ?? 0), 0) > mostWords;
  const pieces = isLong ? null : piecesOf(before);
  if (pieces === null) return [worded(parts.reduce(joined), before.map(textOf), before.flatMap(wordsOf))];
  const byPart = Map.groupBy(pieces, ({ word }) => partOf(parts, word));
  const merged: { part: NewSegment; said: readonly Piece[] }[] = [];
  let open: NewSegment | null = null;
  for (const [at, part] of parts.entries()) {
    const said = byPart.get(at) ?? [];
    const last = merged.at(-1);
    if (said.length > 0) {
      merged.push({ part: open === null ? part : joined(part, open), said });
      open = null;
    } else if (last === undefined) open = open === null ? part : joined(open, part);
    else last.part = joined(last.part, part);
  }
  return merged.map(({ part, said }) =>
    worded(
      part,
      said.map(({ text }) => text),
      said.map(({ word }) => word),
    ),
  );
}

function asHeard(heard: NewSegment): Recut {
  return { heard, wording: null };
}

/** A part whose text is made of these. */
function worded(heard: NewSegment, texts: readonly string[], said: readonly Word[]): Recut {
  const join = openJoining();
  const text = texts.map((each) => join(each)).join('');
  if (text === heard.text) return asHeard(heard);
  const { speaker, startSeconds, endSeconds } = heard;
  const words = heard.words === null ? null : said.map((word) => ({ ...word, speaker }));
  return { heard, wording: { text, speaker, startSeconds, endSeconds, words } };
}

/** Two parts as one, said by who says the first. */
function joined(one: NewSegment, other: NewSegment): NewSegment {
  const [first, last] = other.startSeconds < one.startSeconds ? [other, one] : [one, other];
  const { speaker } = one;
  const words = [...(first.words ?? []), ...(last.words ?? [])]
    .map((word) => ({ ...word, speaker }))
    .toSorted((a, b) => a.startSeconds - b.startSeconds);
  const join = openJoining();
  return {
    ...one,
    startSeconds: first.startSeconds,
    endSeconds: Math.max(first.endSeconds, last.endSeconds),
    text: join(first.text) + join(last.text),
    words: one.words === null ? null : words,
  };
}

/** A word with all that stands in the text from it to the next one. */
interface Piece {
  readonly word: Word;
  readonly text: string;
}

/** Null where the words are not those of the text. */
function piecesOf(before: readonly Said[]): readonly Piece[] | null {
  const pieces: Piece[] = [];
  for (const said of before) {
    const [text, words] = [textOf(said), wordsOf(said)];
    let from = 0;
    const places = words.map((word) => {
      const at = text.indexOf(word.text.trim(), from);
      from = at === -1 ? text.length : at + word.text.trim().length;
      return at;
    });
    if (places.includes(-1) || places.length === 0) return null;
    places[0] = 0;
    pieces.push(...words.map((word, at) => ({ word, text: text.slice(places[at], places[at + 1]).trim() })));
  }
  return pieces;
}

function textOf({ heard, wording }: Said): string {
  return wording?.text ?? heard.text;
}

function wordsOf({ heard, wording }: Said): readonly Word[] {
  return (wording === null ? heard.words : wording.words) ?? [];
}

/** Which part has most of the time of a word, or is nearest to it. */
function partOf(parts: readonly NewSegment[], { startSeconds, endSeconds }: Word): number {
  const middle = (startSeconds + endSeconds) / 2;
  let [best, shared, distance] = [0, 0, Number.POSITIVE_INFINITY];
  for (const [at, part] of parts.entries()) {
    for (const word of part.words ?? [part]) {
      const both = Math.min(endSeconds, word.endSeconds) - Math.max(startSeconds, word.startSeconds);
      const far = Math.abs(middle - (word.startSeconds + word.endSeconds) / 2);
      const isBetter = both > shared || (Math.max(both, 0) === shared && far < distance);
      if (isBetter) [best, shared, distance] = [at, Math.max(both, 0), far];
    }
  }
  return best;
}
