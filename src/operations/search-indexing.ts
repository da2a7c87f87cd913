import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../logs/log.ts';
import type { SegmentSearch } from '../store/store.ts';

/** Between two lines of the log. */
const reportMs = 10_000;
/** After a failure, such as a full disk. */
const pauseMs = 60_000;

/** What is indexed, and where it is told. */
interface IndexParts {
  readonly store: Pick<SegmentSearch, 'indexOlder'>;
  readonly log: Log;
}

/**
 * Indexes the segments that were stored by a version without a search, in the background; between two slices of milliseconds everybody else has a
 * turn. Disposing of it waits for the slice at hand; the next start goes on after it.
 */
export function startIndexing(parts: IndexParts): AsyncDisposable {
  const stopping = new AbortController();
  const indexing = keepIndexing(parts, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await indexing;
    },
  };
}

async function keepIndexing(parts: IndexParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await indexAll(parts, signal);
      return;
    } catch (err) {
      parts.log.error({ err }, 'older segments not indexed');
    }
    // Aborted: that is the end.
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function indexAll({ store, log }: IndexParts, signal: AbortSignal): Promise<void> {
  let segments = 0;
  let toldAt = performance.now();
  while (!signal.aborted) {
    const indexed = await store.indexOlder();
    if (indexed === null) {
      if (segments > 0) log.info({ segments }, 'older segments indexed');
      return;
    }
    segments += indexed;
    if (performance.now() - toldAt >= reportMs) {
      toldAt = performance.now();
      log.info({ segments }, 'older segments are being indexed');
    }
    await setImmediate();
  }
}
