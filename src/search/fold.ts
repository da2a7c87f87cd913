const accents = /[\u0300-\u036F]/gu;
const others = /[^\p{L}\p{M}\p{N}]/gu;

/**
 * What a word is compared by: lower case, without the accents of Latin, Greek and Cyrillic letters, ß as ss, full-width and half-width forms as
 * the usual ones. Letters, marks and digits only; may be empty.
 */
export function fold(word: string): string {
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
