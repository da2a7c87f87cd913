import type { Key, Keyed, Page } from './page.ts';

/** The log lines. */
export interface LogStore {
  /** Numbers lines in the order in which they can be read: whoever has read up to a number misses none that comes later. */
  addLogs(entries: readonly NewLogEntry[]): Promise<void>;
  /** Oldest first; a key is the entry's number. After a line that is no longer kept come the oldest that are. */
  logs(filter: LogFilter, page: Page): Promise<readonly Keyed<LogEntry>[]>;
  /** Where a tail begins: behind this line, or behind the newest. Throws RequestError for a line that was never written. */
  logCursor(after?: Key): Promise<Key>;
  /** What was written after a place, in that order, at most `limit` lines; of so few looked at that nobody is held up. */
  logsSince(filter: LogFilter, place: Key, limit: number): Promise<LogSlice>;
  /** Removes some of the oldest lines that are beyond the limits, few enough to hold nobody up; answers how many, 0 = none is left. */
  trimLogs(limits: LogLimits): Promise<number>;
}

/** A part of what was written, as far as it was looked at. */
export interface LogSlice {
  readonly entries: readonly LogEntry[];
  /** Where the next slice begins. */
  readonly upTo: Key;
  /** Whether it ended before the newest line. */
  readonly more: boolean;
}

/** What is kept: lines of this time or later, and of these the newest that together have so many bytes. */
export interface LogLimits {
  readonly from: Date;
  readonly maxBytes: number;
}

export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One log line; `event` is a short fixed name, `message` a sentence for a person. */
export interface NewLogEntry {
  readonly time: Date;
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly jobId: string | null;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

export interface LogEntry extends NewLogEntry {
  readonly id: string;
}

/** `from` inclusive, `until` exclusive; `level`: this one and above; `contains` looks at the message and ignores case and accents. */
export interface LogFilter {
  readonly from?: Date;
  readonly until?: Date;
  readonly level?: LogLevel;
  readonly jobId?: string;
  /** Lines about jobs of this caller alone. */
  readonly owner?: string;
  readonly contains?: string;
}
