import { hasParts, shortestPart } from '../../../transcripts/search/parts.ts';
import { tokensOf } from '../../../transcripts/search/tokens.ts';

/** Stands before the ends of long words, which no word of a text begins with. */
export const partMark = '·';
/** Stands before the beginnings of tokens. */
const beginningMark = '¦';
/** How long they are, in letters: for a longer one FTS5 reads all words that begin so before it gives the first, and they are few enough. */
const beginningLengths = [1, 2, 3, 4];
/** Longer ones are no words. */
const mostParts = 64;

/**
 * What stands in the index for a text: its tokens, then their beginnings, and every end of its long words, so that a part of a word is the beginning
 * of an entry.
 *
 * An index of trigrams would find parts, too, but no 東京 (two characters), is twice as large, and reads for a rare word all that has its trigrams.
 * An index of prefixes, which FTS5 has, would be one of the ends, too.
 */
export function entryText(text: string): string {
  const tokens = tokensOf(text);
  const forms = tokens.map(({ form }) => form);
  const long = tokens.filter(({ form, kind }) => kind === 'WORD' && hasParts(form));
  const more = new Set([...forms.flatMap(beginningsOf), ...long.flatMap(({ form }) => endsOf(form))]);
  return [...forms, ...more].join(' ');
}

/** The entry of all tokens that begin so; null where there is none for it. */
export function entryOfBeginning(beginning: string): string | null {
  return beginningLengths.includes(Array.from(beginning).length) ? beginningMark + beginning : null;
}

function beginningsOf(form: string): readonly string[] {
  const letters = Array.from(form);
  return beginningLengths
    .filter((length) => length <= letters.length)
    .map((length) => beginningMark + letters.slice(0, length).join(''));
}

function endsOf(word: string): readonly string[] {
  const letters = Array.from(word);
  const count = Math.min(mostParts, letters.length - shortestPart + 1);
  return Array.from({ length: count }, (_, from) => partMark + letters.slice(from).join(''));
}
