import type { LogStore, NewLogEntry } from '../store/logs.ts';
import type { Notifier } from '../store/notifier.ts';
import type { LogFolder, LogLine } from './files.ts';

/** Where lines are kept beside stdout. */
export interface LogPlaces {
  readonly store: Pick<LogStore, 'addLogs'>;
  readonly folder: Pick<LogFolder, 'append'>;
  /** Told when lines can be read in the store: of the id of their job, or '' for the server's own. */
  readonly notifier: Pick<Notifier, 'notify'>;
}

/** A line as a file has it, with what the store has of it. */
export interface LogRecord extends LogLine {
  readonly entry: NewLogEntry;
}

/** Gathers lines and writes them a moment later, many at a time, so that who logs never waits. */
export interface LogSink {
  readonly add: (line: LogRecord) => void;
  readonly attach: (places: LogPlaces) => void;
  /** Writes what waits, and lets go of the places. */
  readonly close: () => Promise<void>;
}

const flushMs = 100;
/** Lines kept while the places do not take them; beyond it the oldest go, stdout has them. */
const maxWaiting = 10_000;

/** Opens a sink; `onTrouble` hears of the first of a row of failures: lines that are refused are left to stdout, and must not end the server. */
export function openLogSink(onTrouble: (error: unknown) => void): LogSink {
  let waiting: LogRecord[] = [];
  let places: LogPlaces | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let isInTrouble = false;

  /** One write at a time: on a disk that hangs lines wait here, where they are counted. */
  function plan(): void {
    if (places === undefined || waiting.length === 0 || writing !== undefined) return;
    timer ??= setTimeout(() => {
      flush().catch(onTrouble);
    }, flushMs).unref();
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (places === undefined || waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    writing = write(lines, places);
    await writing;
    writing = undefined;
    plan();
  }

  async function write(lines: readonly LogRecord[], { store, folder, notifier }: LogPlaces): Promise<void> {
    const entries = lines.map(({ entry }) => entry);
    const results = await Promise.allSettled([store.addLogs(entries), folder.append(lines)]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined && !isInTrouble) onTrouble(failed.reason);
    isInTrouble = failed !== undefined;
    if (results[0].status === 'rejected') return;
    for (const id of new Set(entries.map(({ jobId }) => jobId ?? ''))) notifier.notify('log', id);
  }

  return {
    add(line) {
      waiting.push(line);
      if (waiting.length > maxWaiting) waiting.shift();
      plan();
    },
    attach(to) {
      places = to;
      plan();
    },
    async close() {
      await writing;
      await flush();
      clearTimeout(timer);
      timer = undefined;
      places = undefined;
    },
  };
}
