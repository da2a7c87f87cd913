import { locale, t } from './messages/messages.ts';

const two = (part: number) => String(part).padStart(2, '0');

/** A place in a recording: 0:07, 12:05, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How long something takes, in the largest unit that says enough. */
export function duration(seconds: number): string {
  if (seconds < 90) return t.seconds(Math.max(1, Math.round(seconds)));
  if (seconds < 5400) return t.minutes(Math.round(seconds / 60));
  return t.hours(Math.round(seconds / 3600));
}

const today = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const thisYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' });
const otherYear = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
const toSecond = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium' });

/** A time near enough to know it by: of today the hour, else the day. */
export function shortTime(instant: string): string {
  const [time, now] = [new Date(instant), new Date()];
  if (time.toDateString() === now.toDateString()) return today.format(time);
  return (time.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(time);
}

export function exactTime(instant: string): string {
  return exact.format(new Date(instant));
}

/** For the lines of a log. */
export function logTime(instant: string): string {
  return toSecond.format(new Date(instant));
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function size(bytes: number): string {
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** step;
  const style = {
    style: 'unit',
    unit: units[step] ?? 'byte',
    maximumFractionDigits: value < 10 && step > 0 ? 1 : 0,
  } as const;
  return new Intl.NumberFormat(locale, style).format(value);
}

export function percent(fraction: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent' }).format(Math.floor(fraction * 100) / 100);
}

const names = new Intl.DisplayNames(locale, { type: 'language', fallback: 'none' });

/** The name of a language in the reader's; as the server names it, where the browser does not know it. */
export function languageName(code: string, told = code): string {
  return names.of(code) ?? told;
}

/** What a job is called: its title, else its recording. */
export function nameOf(job: { readonly title: string | null; readonly media: { readonly name: string } }): string {
  return job.title ?? job.media.name;
}
