import { fold, isAscii } from '../../jobs/job-filter.ts';

/** What a text is found by: a word, or two neighbouring characters of a script that is written without spaces. */
export interface Token {
  /** As it is compared: see job-filter.ts. */
  readonly form: string;
  /** Where it begins and ends in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Where its first character ends; the end of a word. */
  readonly head: number;
  /** A word, a pair of characters, or the last character of a stretch of them. */
  readonly kind: 'WORD' | 'PAIR' | 'LAST';
}

/** Scripts without spaces between words, and Hangul, whose words carry their particles. */
const unspaced = String.raw`[\p{L}\p{N}]&&[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]`;
/** A character with its marks, the half-width voiced ones included. */
const character = String.raw`[${unspaced}][\p{M}\uFF9E\uFF9F]*`;
const characters = new RegExp(character, 'gv');
const pieces = new RegExp(String.raw`(?<stretch>(?:${character})+)|(?:[[\p{L}\p{M}\p{N}]--[${unspaced}]])+`, 'gv');
/** The same for most texts, at a third of the cost. */
const asciiPieces = /[A-Za-z0-9]+/gu;

/**
 * The tokens of a text in their order.
 *
 * Two characters make a token, since one alone is in every other text and three would not be found by two. A stretch of n characters has n of
 * them: its pairs, and its last character.
 */
export function tokensOf(text: string): readonly Token[] {
  const found: Token[] = [];
  for (const { 0: piece, index, groups } of text.matchAll(isAscii(text) ? asciiPieces : pieces)) {
    if (groups?.['stretch'] === undefined) found.push(...wordAt(piece, index));
    else found.push(...pairsAt(piece, index));
  }
  return found;
}

function wordAt(word: string, start: number): readonly Token[] {
  const form = foldWord(word);
  const end = start + word.length;
  return form === '' ? [] : [{ form, start, end, head: end, kind: 'WORD' }];
}

function pairsAt(stretch: string, offset: number): readonly Token[] {
  const all = [...stretch.matchAll(characters)].map(({ 0: text, index }) => ({
    form: foldWord(text),
    start: offset + index,
    end: offset + index + text.length,
  }));
  return all.map(({ form, start, end }, at): Token => {
    const next = all[at + 1];
    if (next === undefined) return { form, start, end, head: end, kind: 'LAST' };
    return { form: form + next.form, start, end: next.end, head: end, kind: 'PAIR' };
  });
}

/** Hiragana, katakana, the usual Chinese characters and Korean syllables have one form: to look at each would take most of the time of a search. */
const oneForm = /^[\u3041-\u3096\u30A1-\u30FA\u30FC\u4E00-\u9FFF\uAC00-\uD7A3]+$/u;
const others = /[^\p{L}\p{M}\p{N}]/gu;

/** What a word is compared by: folded, with nothing but letters, marks and digits; may be empty. */
export function foldWord(word: string): string {
  return oneForm.test(word) ? word : fold(word).replaceAll(others, '');
}

/** Shorter ones are parts of too many words: art is in party, start and heart. */
export const shortestPart = 4;
/** Shorter ones are seldom made of two. */
const shortestWhole = 7;

/** Whether a word is also looked for inside longer words. */
export function canBePart(form: string): boolean {
  return Array.from(form).length >= shortestPart;
}

/** Whether a word, such as Autobahn, is found by its parts. */
export function hasParts(form: string): boolean {
  return Array.from(form).length >= shortestWhole;
}
