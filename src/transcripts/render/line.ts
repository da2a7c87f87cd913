/** Text on one line, so that it cannot end a cue or a line of a format early: readers differ in which control characters end a line. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** The name of a speaker on one line; empty where it is not wanted or not known. */
export function nameOf(speaker: string | null, wanted: boolean): string {
  return wanted ? oneLine(speaker ?? '') : '';
}

/** A text with the name of its speaker before it, where there is one. */
export function spoken(text: string, name: string): string {
  return name === '' ? text : `${name}: ${text}`;
}

/** Letters of scripts that write no spaces between words, and their punctuation. */
export const unspaced = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303F\u30FC\uFF00-\uFF60]`;
const endsUnspaced = new RegExp(String.raw`${unspaced}\s*$`, 'u');
const beginsUnspaced = new RegExp(String.raw`^\s*${unspaced}`, 'u');
/** What cannot begin a line: combining and closing marks. */
const bound = /^\s*[\p{M}\p{Pe}\p{Pf}]/u;

/** What stands between two texts that follow each other on a line. */
export function separatorBetween(text: string, next: string): '' | ' ' {
  return bound.test(next) || (endsUnspaced.test(text) && beginsUnspaced.test(next)) ? '' : ' ';
}

/** Joins texts into one as they come: gives each with what stands between it and the one before; blank ones leave nothing. */
export function openJoining(): (text: string) => string {
  let before: string | null = null;
  return (text) => {
    if (text.trim() === '') return '';
    const joined = before === null ? text : separatorBetween(before, text) + text;
    before = text;
    return joined;
  };
}

/** Seconds as whole milliseconds, never below 0. */
export function toMs(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1000));
}

/** Hours, minutes and seconds of milliseconds, two digits each; hours grow beyond. */
export function clock(ms: number): string {
  return [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(twoDigits).join(':');
}

/** The whole part of a number, with at least two digits. */
export function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** Each item with the one after it; null for the last. */
export async function* withNext<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<readonly [T, T | null]> {
  let held: readonly [T] | null = null;
  for await (const item of items) {
    if (held !== null) yield [held[0], item];
    held = [item];
  }
  if (held !== null) yield [held[0], null];
}
