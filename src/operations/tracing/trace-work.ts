import type { Work } from '../../store/store.ts';
import type { Ending } from '../../store/work.ts';
import { noTracer, type Span, type Tracer } from './tracer.ts';

/** An attempt that runs. */
interface Running {
  readonly span: Span;
  /** When the batch began that is worked on. */
  batchFrom: number;
  batches: number;
}

/**
 * The store as a worker has it, with a look at what the worker writes: an attempt is a span below that of its job, whichever process accepted it, and below it
 * is one for each batch.
 */
export function traceWork<S extends Work>(store: S, tracer: Tracer): S {
  if (tracer === noTracer) return store;
  const running = new Map<string, Running>();
  /** Of a lease that was lost nothing more is to be heard. */
  function keepIf(isKept: boolean, token: string): boolean {
    if (!isKept) end(token, 'LEASE_LOST');
    return isKept;
  }
  function end(token: string, problem: string | null): void {
    running.get(token)?.span.end(problem);
    running.delete(token);
  }
  return {
    ...store,
    async claim(...args) {
      const claim = await store.claim(...args);
      if (claim === null) return null;
      const { lease, job, traceparent } = claim;
      const { mode, model } = job.options;
      const attributes = { 'job.id': job.id, 'job.mode': mode, 'job.model': model, 'attempt.number': lease.attempt };
      const span = tracer.start('attempt', { parent: traceparent, kind: 'CONSUMER', attributes });
      running.set(lease.token, { span, batchFrom: Date.now(), batches: 0 });
      return claim;
    },
    async renew(lease) {
      const renewed = await store.renew(lease);
      keepIf(renewed !== null, lease.token);
      return renewed;
    },
    async appendBatch(lease, batch) {
      const isKept = keepIf(await store.appendBatch(lease, batch), lease.token);
      const run = running.get(lease.token);
      if (run === undefined) return isKept;
      run.batches += 1;
      const attributes = {
        'batch.number': run.batches,
        'batch.segments': batch.segments.length,
        'batch.processed_seconds': batch.progress.processedSeconds,
      };
      tracer.start('batch', { parent: run.span.traceparent, startedAt: run.batchFrom, attributes }).end();
      run.batchFrom = Date.now();
      return isKept;
    },
    async finish(lease, ending, tell) {
      const isKept = keepIf(await store.finish(lease, ending, tell), lease.token);
      running.get(lease.token)?.span.note({ 'attempt.outcome': ending.kind });
      end(lease.token, problemOf(ending));
      return isKept;
    },
  };
}

function problemOf(ending: Ending): string | null {
  if (ending.kind === 'FAILED') return ending.failure.code;
  return ending.kind === 'INTERRUPTED' ? ending.crash : null;
}
