const accents = /[\u0300-\u036F]/gu;
/** Hiragana, katakana, the usual Chinese characters and Korean syllables have one form: to look at each would take most of the time of a search. */
const oneForm = /^[\u3041-\u3096\u30A1-\u30FA\u30FC\u4E00-\u9FFF\uAC00-\uD7A3]+$/u;
const others = /[^\p{L}\p{M}\p{N}]/gu;

/**
 * What a word is compared by: lower case, without the accents of Latin, Greek and Cyrillic letters, ß as ss, full-width and half-width forms as
 * the usual ones. Letters, marks and digits only; may be empty.
 */
export function fold(word: string): string {
  if (oneForm.test(word)) return word;
  const lower = word.toLowerCase();
  if (isAscii(lower)) return lower;
  // Taken apart, an accent is a character of its own; what other scripts have beside their letters is put together again.
  const bare = lower.normalize('NFKD').replaceAll(accents, '').normalize('NFC').toLowerCase();
  return bare.replaceAll('ß', 'ss').replaceAll(others, '');
}

/** Whether a text has nothing but ASCII. */
export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII begins with them
  return !/[^\u0000-\u007F]/u.test(text);
}
