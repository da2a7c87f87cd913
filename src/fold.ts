/**
 * Text as "contains" compares it: letters of either case, in any script, and accents whether they are written as one character or as two. It
 * may be longer than the text, as that of ß.
 */
export function fold(text: string): string {
  return text.normalize('NFC').toUpperCase();
}
