import type { Keyed, Page } from './page.ts';

/** The log lines. */
export interface Journal {
  addLogs(entries: readonly NewLogEntry[]): Promise<void>;
  /** Oldest first; a key is the entry's number. */
  logs(filter: LogFilter, page: Page): Promise<readonly Keyed<LogEntry>[]>;
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

/** `from` inclusive, `until` exclusive; `level`: this one and above; `contains` looks at the message and ignores case. */
export interface LogFilter {
  readonly from?: Date;
  readonly until?: Date;
  readonly level?: LogLevel;
  readonly jobId?: string;
  readonly contains?: string;
}
