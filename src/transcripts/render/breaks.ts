import { Rules } from '@cto.af/linebreak';

const rules = new Rules({ string: true });
/** By their dictionaries: these scripts have no spaces between words. */
const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The pieces of a text between two places where a line may end: where Unicode's line breaking algorithm (UAX #14) allows it, and in Chinese, Japanese,
 * Thai, Lao, Khmer and Burmese between words.
 */
export function piecesOf(text: string): readonly string[] {
  const pieces = [...unbroken(text)];
  return unspaced.test(text) ? betweenWords(text, pieces) : pieces;
}

function* unbroken(text: string): Generator<string> {
  let piece = '';
  for (const { string = '' } of rules.breaks(text)) {
    piece += string;
    // Rule LB8a, which the library does not keep: it would tear a family of emoji.
    if (piece.endsWith('\u200D')) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** UAX #14 breaks Chinese and Japanese between any two characters, and leaves the other scripts to a dictionary. */
function betweenWords(text: string, pieces: readonly string[]): readonly string[] {
  const ends = new Set<number>();
  for (const { index, segment } of words.segment(text)) ends.add(index + segment.length);
  const cuts: number[] = [];
  let end = 0;
  for (const piece of pieces) {
    const start = end;
    end += piece.length;
    for (const within of insideOf(piece)) if (ends.has(start + within)) cuts.push(start + within);
    const torn = unspaced.test(text.charAt(end - 1)) && unspaced.test(text.charAt(end)) && !ends.has(end);
    if (!torn) cuts.push(end);
  }
  return cuts.map((cut, at) => text.slice(cuts[at - 1] ?? 0, cut));
}

const dictionaryScripts = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Places within a piece between two letters of a script that UAX #14 leaves alone. */
function* insideOf(piece: string): Generator<number> {
  for (let at = 1; at < piece.length; at += 1) {
    if (dictionaryScripts.test(piece.charAt(at - 1)) && /[\p{L}\p{N}]/u.test(piece.charAt(at))) yield at;
  }
}
