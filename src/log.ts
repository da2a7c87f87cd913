import { pino, type Logger } from 'pino';
import { z } from 'zod';
import type { Config } from './config.ts';
import type { Journal, LogLevel, NewLogEntry } from './store/journal.ts';

/**
 * The logger: event name, ids and numbers, such as `log.info({ job: id, ms }, 'job finished')`. `job` is the id of a job, `text` a sentence
 * for a person where the event's name does not say enough, `err` an error. Never transcript text, secrets or URL queries.
 */
export type Log = Logger;

/** A logger that writes JSON lines to stdout and, once attached, into the store. */
export interface LogOutlet extends AsyncDisposable {
  readonly log: Log;
  attach(journal: Journal): void;
  /** Writes what waits into the store and lets go of it. */
  flush(): Promise<void>;
}

const flushMs = 100;
/** Lines kept while the store does not take them; beyond it the oldest go, stdout has them. */
const maxWaiting = 10_000;

/** Opens the log of this process at `level`; `lines` takes each JSON line, stdout where absent. */
export function openLog(
  level: Config['server']['logLevel'],
  lines: { write(line: string): void } = process.stdout,
): LogOutlet {
  const sink = journalSink();
  const streams = pino.multistream([
    { level: 'debug', stream: lines },
    { level: 'debug', stream: { write: (line: string) => sink.add(parseLine(line)) } },
  ]);
  const log = pino({ level, messageKey: 'event', base: null, timestamp: pino.stdTimeFunctions.isoTime }, streams);
  const { attach, close } = sink;
  return { log, attach, flush: close, [Symbol.asyncDispose]: close };
}

interface JournalSink {
  readonly add: (entry: NewLogEntry) => void;
  readonly attach: (to: Journal) => void;
  readonly close: () => Promise<void>;
}

function journalSink(): JournalSink {
  let waiting: NewLogEntry[] = [];
  let journal: Journal | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  function flush(): void {
    timer = undefined;
    const to = journal;
    if (to === undefined || waiting.length === 0) return;
    const entries = waiting;
    waiting = [];
    // A store that refuses the lines must not end the server; stdout has had them already.
    writing = writing.then(() => to.addLogs(entries)).catch(() => undefined);
  }
  return {
    add(entry) {
      waiting.push(entry);
      if (waiting.length > maxWaiting) waiting.shift();
      if (journal !== undefined) timer ??= setTimeout(flush, flushMs).unref();
    },
    attach(to) {
      journal = to;
      flush();
    },
    async close() {
      clearTimeout(timer);
      flush();
      await writing;
      journal = undefined;
    },
  };
}

/** pino's numbers; fatal counts as ERROR, trace as DEBUG. */
const levelOf = (level: number): LogLevel =>
  level >= 50 ? 'ERROR' : level >= 40 ? 'WARN' : level >= 30 ? 'INFO' : 'DEBUG';

/** Reads back what pino wrote a moment ago. */
function parseLine(line: string): NewLogEntry {
  const { level, time, event, job, text, ...fields } = z.record(z.string(), z.unknown()).parse(JSON.parse(line));
  return {
    time: new Date(String(time)),
    level: levelOf(Number(level)),
    event: String(event),
    message: typeof text === 'string' ? text : sentence(String(event), fields),
    jobId: typeof job === 'string' ? job : null,
    fields: Object.keys(fields).length === 0 ? null : fields,
  };
}

/** The event with what belongs to it, such as 'job ended: attempt 1, outcome COMPLETED, ms 2330'. */
function sentence(event: string, fields: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [`${name} ${value}`] : [],
  );
  return told.length === 0 ? event : `${event}: ${told.join(', ')}`;
}
