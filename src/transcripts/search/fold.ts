import { fold } from '../../jobs/fold.ts';

/** Hiragana, katakana, the usual Chinese characters and Korean syllables have one form: to look at each would take most of the time of a search. */
const oneForm = /^[\u3041-\u3096\u30A1-\u30FA\u30FC\u4E00-\u9FFF\uAC00-\uD7A3]+$/u;
const others = /[^\p{L}\p{M}\p{N}]/gu;

/** What a word is compared by: folded, with nothing but letters, marks and digits; may be empty. */
export function foldWord(word: string): string {
  return oneForm.test(word) ? word : fold(word).replaceAll(others, '');
}
