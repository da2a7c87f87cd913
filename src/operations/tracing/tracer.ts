/** Tells what was done for a request, step by step, to who collects traces. */
export interface Tracer {
  start(name: string, span?: NewSpan): Span;
}

interface NewSpan {
  /** The span that this one belongs to, as W3C Trace Context writes it; null = it begins a trace. What is none counts as null. */
  readonly parent?: string | null | undefined;
  readonly kind?: 'SERVER' | 'PRODUCER' | 'CONSUMER';
  readonly attributes?: Attributes;
  /** Milliseconds since 1970; now where absent. */
  readonly startedAt?: number;
}

/** Ids, numbers and names of our own: no text of a transcript, nothing that a client calls something, no secrets. */
type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A step that goes on until it is ended. */
export interface Span {
  /** By which others belong to it; null where nobody traces. */
  readonly traceparent: string | null;
  note(attributes: Attributes): void;
  /** `problem`: what it failed with. */
  end(problem?: string | null): void;
}

/** Ends a span with what comes of an act. */
export async function within<T>(span: Span, act: (span: Span) => Promise<T>): Promise<T> {
  try {
    const result = await act(span);
    span.end();
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.name : 'unknown');
    throw error;
  }
}

const noSpan: Span = { traceparent: null, note: () => undefined, end: () => undefined };

/** Where nobody traces. */
export const noTracer: Tracer = { start: () => noSpan };
