const accents = /[\u0300-\u036F]/gu;

/**
 * A text without what a search passes over: in lower case, without the accents of Latin, Greek and Cyrillic letters, ß as ss, full-width and
 * half-width forms as the usual ones. It may be longer than the text.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (isAscii(lower)) return lower;
  // Taken apart, an accent is a character of its own; what other scripts have beside their letters is put together again.
  const bare = lower.normalize('NFKD').replaceAll(accents, '').normalize('NFC').toLowerCase();
  return bare.replaceAll('ß', 'ss');
}

/** What a text is asked for a part by: folded, and a Greek sigma alike wherever it stands in a word. Every "contains" of a filter compares it. */
export function foldForPart(text: string): string {
  return fold(text).replaceAll('ς', 'σ');
}

/** Whether a text has a part, whatever their case and accents. */
export function contains(text: string, part: string): boolean {
  return foldForPart(text).includes(foldForPart(part));
}

/** Whether a text has nothing but ASCII. */
export function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII begins with them
  return !/[^\u0000-\u007F]/u.test(text);
}
