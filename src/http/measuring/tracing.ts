import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from '#resolvers/context.ts';
import type { Tracer } from '../../operations/tracing/tracer.ts';
import { methodOf, operationOf } from './metrics.ts';

/** What is asked for every few seconds by programs that watch. */
const unwatched = new Set(['/health', '/ready', '/metrics']);

/**
 * Begins the span of a request, below the one that its sender names, and ends it with the answer. An event stream has none: it lasts as long as somebody follows.
 * Answers what belongs below it is started with; null where there is nothing.
 */
export function traceAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { route, tracer }: { readonly route: string; readonly tracer: Tracer },
): string | null {
  if (unwatched.has(route)) return null;
  const method = methodOf(request);
  const { traceparent: parent } = request.headers;
  const span = tracer.start(`${method} ${route}`, {
    parent: typeof parent === 'string' ? parent : null,
    kind: 'SERVER',
    attributes: { 'http.request.method': method, 'http.route': route },
  });
  if (span.traceparent === null) return null;
  response.once('close', () => {
    if (String(response.getHeader('content-type')).startsWith('text/event-stream')) return;
    const { statusCode, headersSent } = response;
    if (headersSent) span.note({ 'http.response.status_code': statusCode });
    span.end(headersSent ? (statusCode >= 500 ? String(statusCode) : null) : 'CLIENT_LEFT');
  });
  return span.traceparent;
}

/** A span for each query and mutation, on HTTP and on WebSocket alike; what a resolver begins belongs below it. */
export function useTracing(tracer: Tracer): Plugin<RequestContext> {
  return {
    onExecute({ args }) {
      const { contextValue } = args;
      const { type, field } = operationOf(args);
      const attributes = { 'graphql.operation.type': type, 'graphql.field': field };
      const span = tracer.start(`${type} ${field}`, { parent: contextValue.traceparent, attributes });
      contextValue.traceparent = span.traceparent;
      return {
        onExecuteDone({ result }) {
          span.end('errors' in result && (result.errors?.length ?? 0) > 0 ? 'errors' : null);
        },
      };
    },
  };
}
