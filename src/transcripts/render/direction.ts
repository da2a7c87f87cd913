const rightToLeft =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/gu;
const letters = /\p{L}/gu;
/** All there is on a line that no player can place wrongly. */
const plain = /^[\p{L}\p{M}\s]*$/u;

/**
 * A line of a script that is written from right to left, as players show it right that take every line for one from left to right: within marks (U+202B,
 * U+202C of UAX #9), without which its punctuation, digits and words of other scripts would stand at the wrong end. Other lines are as they were.
 */
export function directed(line: string): string {
  return isRightToLeft(line) && (!plain.test(line) || count(line, rightToLeft) < count(line, letters))
    ? `\u202B${line}\u202C`
    : line;
}

/** A line as browsers show it right, which go by its first letter: with a mark (U+200F) before a first letter of the other direction. */
export function begun(line: string): string {
  const first = /\p{L}/u.exec(line)?.[0] ?? '';
  return isRightToLeft(line) && count(first, rightToLeft) === 0 ? `\u200F${line}` : line;
}

function isRightToLeft(line: string): boolean {
  return count(line, rightToLeft) * 2 > count(line, letters);
}

function count(line: string, kind: RegExp): number {
  return line.match(kind)?.length ?? 0;
}
