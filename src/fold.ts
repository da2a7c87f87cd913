/**
 * Text as "contains" compares it: letters of either case, in any script, and accents whether they are written as one character or as two.
 * What is contained in a text is contained in the fold of it; a fold may be longer than its text, as that of ß.
 */
export function fold(text: string): string {
  return text.normalize('NFC').toUpperCase();
}
