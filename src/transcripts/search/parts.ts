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
