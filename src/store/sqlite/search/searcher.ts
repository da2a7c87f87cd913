import type Sqlite from 'better-sqlite3';
import { Tinypool } from 'tinypool';
import { RequestError } from '../../../errors.ts';
import type { Searcher } from '../../sql/search/matches.ts';
import { expressionOf } from './expression.ts';
import { matchEntries } from './match-entries.ts';

/** A search takes milliseconds; to open the thread, on a busy machine, seconds. */
const longestMs = 30_000;
/** Searches that wait for their turn. */
const longestQueue = 100;

/** A searcher without a thread: a database in memory has no other connection. */
export function openMemorySearcher(database: Sqlite.Database): Searcher {
  return {
    expressionOf,
    match: async (request) => matchEntries(database, request),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * A searcher on a thread of its own, opened with the first search: the driver is synchronous and cannot be interrupted, and a search must not
 * hold up everything else. One that takes longer than `limitMs` ends with its thread, and the next opens another.
 */
export function openFileSearcher(file: string, limitMs = longestMs): Searcher {
  let pool: Tinypool | undefined;
  return {
    expressionOf,
    async match(request) {
      pool ??= new Tinypool({
        filename: new URL('./search-thread.ts', import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
        maxQueue: longestQueue,
      });
      if (pool.queueSize >= longestQueue) throw unavailable();
      const signal = AbortSignal.timeout(limitMs);
      try {
        return await pool.run({ file, request }, { signal });
      } catch (error) {
        throw signal.aborted ? unavailable() : error;
      }
    },
    [Symbol.asyncDispose]: async () => pool?.destroy(),
  };
}

function unavailable(): RequestError {
  const hint = 'Look for rarer words or in fewer jobs, or try again later.';
  return new RequestError('SERVICE_UNAVAILABLE', 'The search takes too long.', hint);
}
