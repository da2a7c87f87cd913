import { type Logger as PinoLogger, pino } from 'pino';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import { isStorageFull } from '../errors.ts';
import type { LogLevel } from '../store/logs.ts';
import { type LogPlaces, type LogRecord, openLogSink } from './sink.ts';

/**
 * The logger: event name, ids and numbers, such as `log.info({ job: id, ms }, 'job finished')`. `job` is the id of a job, `text` a sentence
 * for a person where the event's name does not say enough, `err` an error. Never transcript text, secrets or URL queries.
 */
export type Log = PinoLogger;

/** A logger that writes JSON lines to stdout and, once attached, into the store and into files. */
export interface Logger extends AsyncDisposable {
  readonly log: Log;
  attach(places: LogPlaces): void;
  /** Writes what waits into the store and the files, and lets go of them. */
  flush(): Promise<void>;
}

/** Opens the log of this process at `level`; `lines` takes each JSON line, stdout where absent. */
export function openLog(
  level: Config['server']['logLevel'],
  lines: { write(line: string): void } = process.stdout,
): Logger {
  const sink = openLogSink((error) => {
    if (isStorageFull(error)) tellFullDisk(log);
    else log.error({ err: error }, 'log not kept');
  });
  const streams = pino.multistream([
    { level: 'debug', stream: lines },
    { level: 'debug', stream: { write: (line: string) => sink.add(parseLine(line)) } },
  ]);
  const log = pino({ level, messageKey: 'event', base: null, timestamp: pino.stdTimeFunctions.isoTime }, streams);
  return { log, attach: sink.attach, flush: sink.close, [Symbol.asyncDispose]: sink.close };
}

/** pino's numbers; fatal counts as ERROR, trace as DEBUG. */
const levelOf = (level: number): LogLevel =>
  level >= 50 ? 'ERROR' : level >= 40 ? 'WARN' : level >= 30 ? 'INFO' : 'DEBUG';

const lineSchema = z.record(z.string(), z.unknown());

/** Reads back what pino wrote a moment ago. */
export function parseLine(text: string): LogRecord {
  const { level, time, event, job, ...rest } = lineSchema.parse(JSON.parse(text));
  const { text: told, ...fields } = rest;
  const entry = {
    time: new Date(String(time)),
    level: levelOf(Number(level)),
    event: String(event),
    message: typeof told === 'string' ? told : sentence(String(event), fields),
    jobId: typeof job === 'string' ? job : null,
    fields: Object.keys(fields).length === 0 ? null : fields,
  };
  return { time: entry.time, text, entry };
}

/** The event with what belongs to it, such as 'job ended: attempt 1, outcome COMPLETED, ms 2330'. */
function sentence(event: string, fields: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [`${name} ${value}`] : [],
  );
  return told.length === 0 ? event : `${event}: ${told.join(', ')}`;
}

const pauseMs = 60_000;
let toldAt = Number.NEGATIVE_INFINITY;

/** Tells that the disk takes no writes: one line a minute in this process, however many meet it and try again. */
export function tellFullDisk(log: Log): void {
  const now = performance.now();
  if (now - toldAt < pauseMs) return;
  toldAt = now;
  log.error('disk full');
}
