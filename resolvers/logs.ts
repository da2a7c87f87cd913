import { RequestError } from '#src/errors.ts';
import type { LogEntry, LogFilter, LogLevel } from '#src/store/logs.ts';
import { type Connection, decodeCursor, loadPage, type PageArguments, type PagedList } from './connection.ts';
import type { Context } from './context.ts';
import { type Feed, follow, type Following } from './subscription.ts';

/** Filter of log lines as a client gives it; `month` needs `year`. */
export interface LogFilterInput {
  readonly year?: number | null | undefined;
  readonly month?: number | null | undefined;
  readonly level?: LogLevel | null | undefined;
  readonly jobId?: string | null | undefined;
  readonly contains?: string | null | undefined;
}

/** Name of the one list that all log cursors belong to. */
export const logList = 'logs';

/** Oldest first; without year and month the current month (UTC), or all time when a job is named. */
export async function listLogs(
  { filter, ...page }: PageArguments & { readonly filter?: LogFilterInput | null | undefined },
  { store }: Pick<Context, 'store'>,
): Promise<Connection<LogEntry>> {
  const wanted = readLogFilter(filter);
  const isTimed = wanted.from !== undefined || wanted.jobId !== undefined;
  const load = store.logs.bind(store, isTimed ? wanted : { ...wanted, ...thisMonth() });
  return loadPage({ name: logList, max: 1000, load, newest: () => store.logCursor() }, page);
}

/** Lines about a job, oldest first, of all time. */
export async function listJobLogs(
  { jobId, ...page }: PageArguments & { readonly jobId: string },
  { loaders }: Pick<Context, 'loaders'>,
): Promise<Connection<LogEntry>> {
  const load: PagedList<LogEntry>['load'] = (some) => loaders.logs.load({ jobId, page: some });
  return loadPage({ name: logList, max: 1000, load, newest: () => loaders.logCursor.load('log') }, page);
}

/** The filter as the store takes it, of all time where neither year nor month is given. BAD_USER_INPUT for months that cannot be. */
function readLogFilter(input: LogFilterInput | null | undefined): LogFilter {
  const { level, jobId, contains } = input ?? {};
  return {
    ...readSpan(input ?? {}),
    ...(typeof level === 'string' ? { level } : {}),
    ...(typeof jobId === 'string' ? { jobId } : {}),
    ...(typeof contains === 'string' ? { contains } : {}),
  };
}

function readSpan({ year, month }: LogFilterInput): Pick<LogFilter, 'from' | 'until'> {
  if (year === null || year === undefined) {
    if (typeof month === 'number') throw new RequestError('BAD_USER_INPUT', 'filter.month needs filter.year.');
    return {};
  }
  if (year < 1970 || year > 9999) throw new RequestError('BAD_USER_INPUT', 'filter.year must be from 1970 to 9999.');
  if (month === null || month === undefined) return between(year, 0, 12);
  if (month < 1 || month > 12) throw new RequestError('BAD_USER_INPUT', 'filter.month must be from 1 to 12.');
  return between(year, month - 1, 1);
}

function thisMonth(): Pick<LogFilter, 'from' | 'until'> {
  const now = new Date();
  return between(now.getUTCFullYear(), now.getUTCMonth(), 1);
}

function between(year: number, month: number, months: number): Pick<LogFilter, 'from' | 'until'> {
  return { from: new Date(Date.UTC(year, month)), until: new Date(Date.UTC(year, month + months)) };
}

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
  { store, notifier }: Pick<Context, 'store' | 'notifier'>,
): Promise<Following<LogEntry>> {
  const wanted = readLogFilter(filter);
  const start = await store.logCursor(typeof after === 'string' ? decodeCursor(logList, after) : undefined);
  const feed: Feed<LogEntry> = {
    async read(place) {
      const { entries, upTo, more } = await store.logsSince(wanted, String(place), linesAtOnce);
      return { items: entries, upTo, next: more ? 'MORE' : 'LATER' };
    },
    listen: (wake) => notifier.listen('log', wake, wanted.jobId),
  };
  return follow(feed, { start, cursor: 'after' });
}
