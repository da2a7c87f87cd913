import { type DocumentNode, GraphQLError, NoSchemaIntrospectionCustomRule } from 'graphql';
import { createLRUCache, createYoga, type GraphQLParams, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Context, RequestContext } from '#resolvers/context.ts';
import { contextFor } from '#resolvers/visibility.ts';
import { schema } from '#schema/index.ts';
import { requireCaller } from '#schema/scopes.ts';
import type { Caller } from '../config/api-key.ts';
import { RequestError, StorageFullError } from '../errors.ts';
import { type Log, tellFullDisk } from '../logs/log.ts';
import { useCostLimit } from './cost.ts';
import { useLimits } from './limits.ts';
import { useMetrics } from './measuring/metrics.ts';
import { type PersistedQueries, usePersistedQueries } from './persisted-queries.ts';
import { preflightSeconds } from './request-checks.ts';
import type { Subscriptions } from './subscriptions.ts';
import { useTracing } from './measuring/tracing.ts';

/** What the HTTP layer hands over with a request. */
interface Handover {
  readonly caller: Caller;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** The span of the request; null where it has none. */
  readonly traceparent?: string | null;
  /** An operation whose uploads have been received already. */
  readonly operation?: GraphQLParams;
}

export type Yoga = YogaServerInstance<Handover, RequestContext>;

/** Documents that many clients repeat; longer ones are parsed each time, so that the cache stays small. */
const maxCachedDocuments = 500;
const maxCachedCharacters = 8192;

/** What Yoga shares with what answers beside it. */
interface YogaParts {
  readonly subscriptions: Pick<Subscriptions, 'plugin'>;
  readonly persisted: PersistedQueries;
}

/** GraphQL over HTTP and SSE; the WebSocket takes its functions from here, so that both mask and limit alike. */
export function openYoga(context: Context, { subscriptions, persisted }: YogaParts): Yoga {
  return createYoga<Handover, RequestContext>({
    schema,
    context({ caller, signal, traceparent = null }) {
      requireCaller({ keys: context.keys, caller });
      return { ...requestContext(context, caller, signal), traceparent };
    },
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: { maskError: maskErrors(context.log) },
    // The HTTP layer has read every body within its own bounds.
    maxRequestBodySize: false,
    cors: readCors(context),
    parserAndValidationCache: { documentCache: boundedCache(), errorCache: noCache },
    plugins: [
      useMetrics(context.metrics),
      useTracing(context.tracer),
      useLimits(),
      ...(context.config.server.introspection ? [] : [useNoIntrospection()]),
      useCostLimit(),
      subscriptions.plugin,
      useEndWithClient(),
      useReceivedOperation(),
      usePersistedQueries(persisted),
      useRightHeaders(),
    ],
  });
}

/** 32 MiB: far above what a page shows. */
const maxAnswerCharacters = 33_554_432;

/** What a resolver is given with a request. */
export function requestContext(context: Context, caller: Caller, signal: AbortSignal): RequestContext {
  return { ...contextFor(context, caller), caller, signal, spend: openBudget(), traceparent: null };
}

function openBudget(): RequestContext['spend'] {
  let spent = 0;
  return (characters) => {
    spent += characters;
    if (spent <= maxAnswerCharacters) return;
    const hint = 'Ask for fewer transcripts at a time, or take them as files from /jobs/ID/transcript.txt.';
    throw new RequestError('ANSWER_TOO_LARGE', `An answer has at most ${maxAnswerCharacters} characters.`, hint);
  };
}

function readCors({ config }: Context) {
  const { allowedOrigins } = config.server;
  return allowedOrigins.length === 0
    ? false
    : { origin: allowedOrigins, methods: ['GET', 'POST'], maxAge: preflightSeconds };
}

function boundedCache() {
  const documents = createLRUCache<DocumentNode>({ max: maxCachedDocuments });
  return {
    get: (text: string) => documents.get(text),
    set(text: string, document: DocumentNode) {
      if (text.length <= maxCachedCharacters) documents.set(text, document);
    },
  };
}

/** A syntax error that is cached from a WebSocket has no HTTP status, and the same text would then be answered with 200. */
const noCache = { get: () => undefined, set: () => undefined };

/** For who wants the schema known to its own clients alone; `__typename` stays. */
function useNoIntrospection(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule) };
}

/** The executor takes the signal from beside the arguments that GraphQL names. */
function handSignal({ args }: { readonly args: { readonly contextValue: RequestContext } }): void {
  Object.assign(args, { signal: args.contextValue.signal });
}

/** Ends the execution of an operation whose client has left: it would go on to the end, for nobody. */
function useEndWithClient(): Plugin<RequestContext> {
  return { onExecute: handSignal, onSubscribe: handSignal };
}

function useReceivedOperation(): Plugin<object, Handover> {
  return {
    onRequestParse({ serverContext, setRequestParser }) {
      const { operation } = serverContext;
      if (operation !== undefined) setRequestParser(() => operation);
    },
  };
}

/** nginx holds events back unless it is told not to; and what is answered to one Origin must not be kept for another. */
function useRightHeaders(): Plugin {
  return {
    onResponse(answer) {
      const { response, fetchAPI } = answer;
      response.headers.append('vary', 'Origin');
      if (response.status === 406) {
        const error = { message: 'Accept application/json, application/graphql-response+json or text/event-stream.' };
        const body = JSON.stringify({ errors: [{ ...error, extensions: { code: 'NOT_ACCEPTABLE' } }] });
        const headers = { ...Object.fromEntries(response.headers), 'content-type': 'application/json; charset=utf-8' };
        answer.setResponse(new fetchAPI.Response(body, { status: 406, headers }));
        return;
      }
      if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
        response.headers.set('x-accel-buffering', 'no');
      }
    },
  };
}

/**
 * What a client is told of an error. Errors of GraphQL and RequestErrors pass with their code, a full disk as SERVICE_UNAVAILABLE; everything else is told as
 * INTERNAL_SERVER_ERROR and written to the log with its cause.
 */
export function maskErrors(log: Log): (error: unknown) => GraphQLError {
  return (error) => {
    const source = error instanceof GraphQLError ? error : undefined;
    const cause = source?.originalError ?? error;
    if (cause instanceof RequestError) {
      return retold(cause.message, source, { code: cause.code, ...(cause.hint === null ? {} : { hint: cause.hint }) });
    }
    if (cause instanceof StorageFullError) {
      tellFullDisk(log);
      return retold(cause.message, source, { code: 'SERVICE_UNAVAILABLE', hint: cause.hint });
    }
    if (cause instanceof GraphQLError) {
      if (typeof cause.extensions['code'] === 'string') return source ?? cause;
      // graphql gives no code to a value that does not fit its type.
      return retold(cause.message, source ?? cause, { ...cause.extensions, code: 'BAD_USER_INPUT' });
    }
    log.error({ err: cause, path: source?.path?.join('.') }, 'request failed');
    return retold('The server failed to answer this; its log tells why.', source, { code: 'INTERNAL_SERVER_ERROR' });
  };
}

function retold(message: string, source: GraphQLError | undefined, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    nodes: source?.nodes,
    positions: source?.positions,
    source: source?.source,
    path: source?.path,
    extensions,
  });
}
