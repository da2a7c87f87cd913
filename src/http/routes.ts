import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextFor } from '#resolvers/visibility.ts';
import { anybody } from '../config/api-key.ts';
import { answer, answerEarly, answerError } from './answer.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import { answerGraphql, type GraphqlRequest } from './graphql.ts';
import { answerJobFile } from './job-file.ts';
import { answerMetrics, measureAnswer, scraper, showsMetricsToken } from './measuring/metrics.ts';
import { answerOpenai } from './openai/openai.ts';
import { answerGraphiql } from './pages/graphiql.ts';
import { wantsPage } from './pages/wants-page.ts';
import { answerWebPage } from './pages/web-page.ts';
import { tooOften } from './quotas/quotas.ts';
import { authenticate, type Authentication, refuse, refuseWith } from './request-checks.ts';
import { traceAnswer } from './measuring/tracing.ts';
import { answerTus } from './tus.ts';

/** What requests are answered with. */
interface RequestScope extends Pick<GraphqlRequest, 'context' | 'yoga' | 'quotas' | 'share' | 'persisted'> {
  readonly fanOut: FanOut;
  /** Aborts when the server is stopped, before connections are closed. */
  readonly stopping: AbortSignal;
}

/** A request on its way to the answer. Of a route for callers, `caller` is who asks. */
interface Exchange extends GraphqlRequest, RequestScope {
  readonly authentication: Authentication;
}

interface Route {
  /** The whole path, or where it ends with "/" the beginning of one. */
  readonly path: string;
  /** Which requests for the path; all where absent. */
  readonly when?: (request: IncomingMessage) => boolean;
  readonly who: 'ANYBODY' | 'CALLERS';
  /** Whether it counts among the requests a minute of a caller; those that a player makes by itself do not. */
  readonly counts?: (request: IncomingMessage) => boolean;
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

/** A browser asks without a key whether it may send one. */
const isPreflight = ({ method }: IncomingMessage): boolean => method === 'OPTIONS';

/** A player asks for a recording range by range. */
const isMedia = (request: IncomingMessage): boolean => pathOf(request).endsWith('/media');

/** A client goes on with an upload in parts as small as it likes; what one caller may upload is bounded where uploads begin. */
const isPost = ({ method }: IncomingMessage): boolean => method === 'POST';

/** What is answered to whom; the first that fits counts. */
const routes: readonly Route[] = [
  { path: '/health', who: 'ANYBODY', handle: ({ response }) => answer(response, 200, { status: 'ok' }) },
  { path: '/ready', who: 'ANYBODY', handle: answerReady },
  { path: '/graphql', when: wantsPage, who: 'ANYBODY', handle: answerGraphiql },
  { path: '/graphql', when: isPreflight, who: 'ANYBODY', handle: answerGraphql },
  { path: '/graphql', who: 'CALLERS', handle: answerGraphql },
  { path: '/jobs/', when: isPreflight, who: 'ANYBODY', handle: answerJobFile },
  { path: '/jobs/', who: 'CALLERS', counts: (request) => !isMedia(request), handle: answerJobFile },
  { path: '/metrics', who: 'CALLERS', handle: answerMetrics },
  { path: '/uploads', when: isPreflight, who: 'ANYBODY', handle: answerTus },
  { path: '/uploads', who: 'CALLERS', handle: answerTus },
  { path: '/uploads/', when: isPreflight, who: 'ANYBODY', handle: answerTus },
  { path: '/uploads/', who: 'CALLERS', counts: isPost, handle: answerTus },
  { path: '/v1/', when: isPreflight, who: 'ANYBODY', handle: answerOpenai },
  { path: '/v1/', who: 'CALLERS', handle: answerOpenai },
  { path: '/web/', who: 'ANYBODY', handle: answerWebPage },
  {
    path: '/',
    when: (request) => pathOf(request) === '/' && wantsPage(request),
    who: 'ANYBODY',
    handle: answerWebPage,
  },
  { path: '/', who: 'CALLERS', handle: answerNothing },
];

/** A worker says how it is, and nothing else. */
const workerRoutes = routes.filter(({ path }) => ['/health', '/ready', '/metrics'].includes(path));

/** Answers a request, or says why it is not answered. */
export async function handle(request: IncomingMessage, response: ServerResponse, scope: RequestScope): Promise<void> {
  const { config, metrics, tracer } = scope.context;
  const { server } = config;
  const path = pathOf(request);
  const known = scope.context.role === 'worker' ? workerRoutes : routes;
  const route = known.find((each) => isFor(each, path) && each.when?.(request) !== false);
  measureAnswer(request, response, { route: route?.path ?? 'none', metrics });
  const traceparent = traceAnswer(request, response, { route: route?.path ?? 'none', tracer });
  setHeaders(response, request.headers.origin, server.allowedOrigins);
  const refusal = refuse(request, server);
  if (refusal !== null) return refuseWith(request, response, refusal);
  if (route === undefined) return answerNothing({ response, context: scope.context });
  const authentication = admit(request, scope.context);
  if (route.who === 'CALLERS' && authentication.kind === 'REFUSED') {
    scope.context.log.debug({ address: request.socket.remoteAddress, path }, 'caller refused');
    const waitSeconds = request.headers.authorization === undefined ? 0 : await scope.quotas.failed(request);
    return refuseCaller({ request, response, waitSeconds }, authentication);
  }
  const caller = authentication.kind === 'ADMITTED' ? authentication.caller : anybody;
  if (route.who === 'CALLERS' && route.counts?.(request) !== false) {
    const waitSeconds = await scope.quotas.asked(caller);
    if (waitSeconds > 0) return refuseTooOften({ request, response, waitSeconds }, tooOften(waitSeconds));
  }
  const context = contextFor(scope.context, caller);
  const ending = context.keys.onEnd(caller, () => response.destroy());
  response.once('close', () => ending[Symbol.dispose]());
  // Returned, not awaited: an event stream would keep all of this.
  return route.handle({ ...scope, context, request, response, traceparent, authentication, caller });
}

/** Who asks, by its key, or by an address of a job's file that was signed for it. */
function admit(request: IncomingMessage, { keys, urls, config }: RequestScope['context']): Authentication {
  const { url = '', headers } = request;
  if (pathOf(request) === '/metrics' && showsMetricsToken(request, config.server.metricsToken))
    return { kind: 'ADMITTED', caller: scraper };
  const shown = authenticate(headers.authorization, keys);
  if (shown.kind === 'ADMITTED' || headers.authorization !== undefined || !url.includes('&signature=')) return shown;
  const caller = url.startsWith('/jobs/') ? urls.signerOf(url) : null;
  if (caller !== null) return { kind: 'ADMITTED', caller };
  return { ...shown, message: 'This address has ended or was changed. Ask for it again.' };
}

function isFor({ path: wanted }: Route, path: string): boolean {
  return wanted.endsWith('/') ? path.startsWith(wanted) : path === wanted;
}

/** Of every answer: none is a page that may load anything, or be shown within another; the web page and the one of GraphiQL say themselves what they need. */
const usualHeaders = Object.entries({
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  vary: 'Origin',
});

/** For every answer, errors included, which pages of allowed origins may read. */
function setHeaders(response: ServerResponse, origin: string | undefined, allowedOrigins: readonly string[]): void {
  for (const [name, value] of usualHeaders) response.setHeader(name, value);
  if (origin !== undefined && allowedOrigins.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
  }
}

/** Tells the last known state; asks nobody. What is wrong is for callers alone. */
function answerReady({ response, context, authentication }: Exchange): void {
  const { status, problems } = context.health;
  const body = authentication.kind === 'ADMITTED' ? { status, problems } : { status };
  answer(response, status === 'READY' ? 200 : 503, body);
}

function answerNothing({ response, context }: Pick<Exchange, 'response' | 'context'>): void {
  const message =
    context.role === 'worker'
      ? 'This is a worker. The API is at another node.'
      : 'There is nothing here. The API is at /graphql.';
  answerError(response, 404, { code: 'NOT_FOUND', message });
}

/** What is refused, and how long whoever asks so often has to wait. */
interface RefusedCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly waitSeconds: number;
}

function refuseCaller(
  { request, response, waitSeconds }: RefusedCall,
  { message, challenge }: Authentication & { readonly kind: 'REFUSED' },
): void {
  if (waitSeconds > 0)
    return refuseTooOften({ request, response, waitSeconds }, 'Wrong API keys come from here too often.');
  response.setHeader('www-authenticate', challenge);
  answerEarly(request, response, { status: 401, code: 'UNAUTHENTICATED', message });
}

function refuseTooOften({ request, response, waitSeconds }: RefusedCall, message: string): void {
  response.setHeader('retry-after', String(waitSeconds));
  answerEarly(request, response, { status: 429, code: 'TOO_MANY_REQUESTS', message });
}

/** Not by URL, which throws at what a client may well send. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
