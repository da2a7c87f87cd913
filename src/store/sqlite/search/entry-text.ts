import { hasParts, shortestPart } from '../../../search/parts.ts';
import { tokensOf } from '../../../search/tokens.ts';

/** Stands before the ends of long words, which no word of a text begins with. */
export const partMark = '·';
/** Stands before the beginnings of words. */
const beginningMark = '¦';
/** How long they are, in letters: shorter ones are in most texts, and for a longer one FTS5 reads all words that begin so, which are few. */
const beginningLengths = [3, 4];
/** Longer ones are no words. */
const mostParts = 64;

/**
 * What stands in the index for a text: its tokens, then the beginnings of its words, and every end of its long words, so that a part of a word is
 * the beginning of an entry.
 *
 * An index of trigrams would find parts, too, but no 東京 (two characters), is twice as large, and reads for a rare word all that has its trigrams.
 * An index of prefixes, which FTS5 has, would be one of the ends, too.
 */
export function entryText(text: string): string {
  const tokens = tokensOf(text);
  const words = tokens.filter(({ kind }) => kind === 'WORD').map(({ form }) => form);
  const more = new Set([
    ...words.flatMap((word) => beginningLengths.flatMap((length) => beginningOf(word, length) ?? [])),
    ...words.filter(hasParts).flatMap(endsOf),
  ]);
  return [...tokens.map(({ form }) => form), ...more].join(' ');
}

/** The entry of all words that begin so; null where there is none for it. */
export function entryOfBeginning(beginning: string): string | null {
  return beginningLengths.includes(Array.from(beginning).length) ? beginningMark + beginning : null;
}

function beginningOf(word: string, length: number): string | null {
  const letters = Array.from(word);
  return letters.length < length ? null : beginningMark + letters.slice(0, length).join('');
}

function endsOf(word: string): readonly string[] {
  const letters = Array.from(word);
  const count = Math.min(mostParts, letters.length - shortestPart + 1);
  return Array.from({ length: count }, (_, from) => partMark + letters.slice(from).join(''));
}
