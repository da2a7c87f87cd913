import { hasParts, shortestPart } from '../../../search/parts.ts';
import { tokensOf } from '../../../search/tokens.ts';

/** Stands before the ends of long words, which no word of a text begins with. */
export const partMark = '·';
/** Longer ones are no words. */
const mostParts = 64;

/**
 * What stands in the index for a text: its tokens, then every end of its long words, so that a part of a word is the beginning of an entry.
 *
 * An index of trigrams would find parts, too, but no 東京 (two characters), is twice as large, and reads for a rare word all that has its trigrams.
 */
export function entryText(text: string): string {
  const tokens = tokensOf(text);
  const long = tokens.filter(({ form, kind }) => kind === 'WORD' && hasParts(form));
  const parts = new Set(long.flatMap(({ form }) => endsOf(form)));
  return [...tokens.map(({ form }) => form), ...parts].join(' ');
}

function endsOf(word: string): readonly string[] {
  const letters = Array.from(word);
  const count = Math.min(mostParts, letters.length - shortestPart + 1);
  return Array.from({ length: count }, (_, from) => partMark + letters.slice(from).join(''));
}
