import { setImmediate } from 'node:timers/promises';
import type { LogEntry } from '#src/store/logs.ts';
import { attend } from '#src/store/notifier.ts';
import type { Context } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type LogFilterInput, logList, readLogFilter } from './logs.ts';
import { stoppable } from './subscription.ts';

/** Lines read at once; a reader that is slow holds no more than these. */
const linesAtOnce = 100;

/**
 * Lines in the order in which they were written, each once: those stored after `after`, then live ones; without it only those written from now on.
 *
 * Throws BAD_USER_INPUT where `after` is no cursor of the log. A line that is no longer kept is one: the tail begins with the oldest that is.
 */
export async function tailLogs(
  {
    filter,
    after,
  }: { readonly filter?: LogFilterInput | null | undefined; readonly after?: string | null | undefined },
  { store, lines }: Pick<Context, 'store' | 'lines'>,
): Promise<AsyncGenerator<LogEntry, void, undefined>> {
  const wanted = readLogFilter(filter);
  const start = await store.logPlace(typeof after === 'string' ? decodeCursor(logList, after) : undefined);
  return stoppable(async function* tail(signal) {
    using ear = attend(lines, wanted.jobId);
    let place = start;
    while (!signal.aborted) {
      const { entries, upTo, more } = await store.logsSince(wanted, place, linesAtOnce);
      yield* entries;
      place = upTo;
      if (more) await setImmediate();
      else await ear.heard(signal);
    }
  });
}
