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
