import type { IncomingMessage, ServerResponse } from 'node:http';
import { getOperationAST, type GraphQLError, OperationTypeNode } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import { z } from 'zod';
import type { Caller } from '../config/api-key.ts';
import type { Log } from '../logs/log.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import type { Membership } from './fan-out/group.ts';
import { eventStreamOutlet, framingOf } from './fan-out/outlet.ts';
import { prepare } from './operation.ts';
import type { PersistedQueries } from './persisted-queries.ts';
import { contentType } from './request-checks.ts';
import { streamShared } from './stream-results.ts';
import type { Yoga } from './yoga.ts';

const frame = (json: string): string => `event: next\ndata: ${json}\n\n`;
const framing = framingOf(frame);

/** A request that asks for an event stream. */
interface StreamRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly yoga: Yoga;
  readonly share: FanOut;
  readonly persisted: PersistedQueries;
  readonly caller: Caller;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Subscribes for an event stream to what many may follow. Null where Yoga is to answer: anything else, and what is wrong. */
export async function subscribe(asked: StreamRequest, body: Buffer): Promise<Membership | null> {
  const { request, response, yoga, share, caller, signal, log } = asked;
  const params = wantsEventStream(request) ? operationIn(asked, body) : null;
  if (params === null) return null;
  const args = await prepare(params, yoga.getEnveloped({ req: request, params, caller, signal }), log);
  if (!('document' in args)) return null;
  if (getOperationAST(args.document, args.operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return null;
  return share(args, eventStreamOutlet(response, framing));
}

/** Such as `text/event-stream`, and nothing before it that the client would rather have. */
function wantsEventStream({ headers }: IncomingMessage): boolean {
  return /^\s*text\/event-stream\s*(?:[,;]|$)/iu.test(headers.accept ?? '');
}

const operation = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

/** The operation of a request; null where it is none that can be told, which Yoga says. */
function operationIn({ request, persisted }: StreamRequest, body: Buffer): z.infer<typeof operation> | null {
  try {
    const isGet = request.method === 'GET';
    if (!isGet && contentType(request.headers) !== 'application/json') return null;
    const asked: GraphQLParams = isGet ? operationOf(request.url ?? '') : JSON.parse(body.toString());
    return operation.parse(persisted.complete(asked));
  } catch {
    return null;
  }
}

function operationOf(url: string): GraphQLParams {
  const { variables, extensions, ...others } = Object.fromEntries(new URLSearchParams(url.slice(url.indexOf('?') + 1)));
  return { ...others, variables: JSON.parse(variables ?? 'null'), extensions: JSON.parse(extensions ?? 'null') };
}

/** Answers with an event stream in the distinct connections mode of GraphQL over SSE, as Yoga does. */
export async function answerShared(
  response: ServerResponse,
  membership: Membership,
  mask: (error: unknown) => GraphQLError,
): Promise<void> {
  if (response.hasHeader('access-control-allow-origin')) response.setHeader('access-control-allow-credentials', 'true');
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'content-encoding': 'none',
    connection: 'keep-alive',
    // nginx holds events back unless it is told not to.
    'x-accel-buffering': 'no',
  });
  try {
    await streamShared(response, membership);
  } catch (error) {
    response.write(frame(JSON.stringify({ errors: [mask(error)] })));
  }
  response.end('event: complete\ndata:\n\n');
}
