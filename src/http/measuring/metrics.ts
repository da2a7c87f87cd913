import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DocumentNode, getOperationAST, type GraphQLSchema, Kind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from '#resolvers/context.ts';
import { allows } from '#schema/scopes.ts';
import { type Caller, hashOf } from '../../config/api-key.ts';
import { type Metrics, metricsType } from '../../operations/metrics.ts';
import { answerError } from '../answer.ts';
import type { FileRequest } from '../file-response.ts';

/** Who shows `metricsToken`: /metrics is all that it opens. */
export const scraper: Caller = { name: 'metrics', role: 'READER', keyId: null };

/** Whether a request shows the token that is for metrics alone. */
export function showsMetricsToken({ headers }: IncomingMessage, token: string | null): boolean {
  if (token === null) return false;
  // Of equal length, as the comparison wants it, and none of the two is told by how long it takes.
  const [shown, wanted] = [headers.authorization ?? '', `Bearer ${token}`].map((text) => Buffer.from(hashOf(text)));
  return shown !== undefined && wanted !== undefined && timingSafeEqual(shown, wanted);
}

/** Answers GET /metrics in the text format of Prometheus: to who may oversee the server. */
export async function answerMetrics({
  request,
  response,
  context,
  caller,
}: FileRequest & { readonly caller: Caller }): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answerError(response, 405, { code: 'BAD_USER_INPUT', message: 'Metrics are for GET and HEAD.' });
  }
  if (!allows('oversee', caller.role)) {
    const message = `An API key of the role ${caller.role} does not allow this.`;
    return answerError(response, 403, { code: 'FORBIDDEN', message });
  }
  const text = await context.metrics.text();
  response.writeHead(200, {
    'content-type': metricsType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

const methods = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PATCH', 'DELETE']);

/** A method that there is: clients may send any word. */
export function methodOf({ method = '' }: IncomingMessage): string {
  return methods.has(method) ? method : 'other';
}

/** Measures an answer, once it is sent or its client has left. An event stream lasts as long as somebody follows, which says nothing. */
export function measureAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { route, metrics }: { readonly route: string; readonly metrics: Metrics },
): void {
  const start = performance.now();
  response.once('close', () => {
    if (String(response.getHeader('content-type')).startsWith('text/event-stream')) return;
    metrics.requestAnswered({
      route,
      method: methodOf(request),
      // As nginx writes it in its log: the client left before there was an answer.
      status: response.headersSent ? response.statusCode : 499,
      seconds: (performance.now() - start) / 1000,
    });
  });
}

/** Measures queries and mutations, on HTTP and on WebSocket alike, since both execute through Yoga. */
export function useMetrics(metrics: Metrics): Plugin<RequestContext> {
  return {
    onExecute({ args }) {
      const start = performance.now();
      const operation = operationOf(args);
      return {
        onExecuteDone({ result }) {
          const failed = 'errors' in result && (result.errors?.length ?? 0) > 0;
          metrics.operationEnded({ ...operation, failed, seconds: (performance.now() - start) / 1000 });
        },
      };
    },
  };
}

/** What an operation asks for, by names of the schema alone: those that clients give to their operations have no end. */
export function operationOf({
  schema,
  document,
  operationName,
}: {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
}) {
  const operation = getOperationAST(document, operationName);
  const type = operation?.operation ?? 'query';
  const known = schema.getRootType(type)?.getFields() ?? {};
  const asked = (operation?.selectionSet.selections ?? []).map((each) =>
    each.kind === Kind.FIELD && Object.hasOwn(known, each.name.value) ? each.name.value : 'other',
  );
  const [field = 'other', ...more] = new Set(asked);
  return { type, field: more.length > 0 ? 'several' : field };
}
