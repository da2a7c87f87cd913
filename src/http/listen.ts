import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context } from '#resolvers/context.ts';
import type { Log } from '../logs/log.ts';
import type { Upload } from '../media/upload.ts';
import { answer, answerError, type Answering, openAnswering } from './answer.ts';
import { type Body, BodyError, readBody } from './body.ts';
import { answerGraphiql, wantsGraphiql } from './graphiql.ts';
import { answerJobFile } from './job-file.ts';
import { authenticate, type Authentication, refuse, refuseBody } from './request-checks.ts';
import { openWebSockets, type WebSockets } from './websocket.ts';
import { openYoga, type Yoga } from './yoga.ts';

/** A listening server: its address, and its orderly end. */
export interface Listener extends AsyncDisposable {
  readonly url: string;
}

/** How long a large upload may take to arrive. */
const requestTimeoutMs = 6 * 3_600_000;
/** What is not answered by then was not going to be: an upload, or a client that does not read. */
const lastAnswerMs = 1000;

/** How long the server bears with clients. */
interface Timeouts {
  /** Between two pings of a WebSocket. One that has not answered by the next is half-open or does not read: it is ended. */
  readonly pingMs: number;
  /** Between two looks at an event stream: one whose client took no byte in between, while something waits for it, is ended. */
  readonly stallMs: number;
}

/** Both end a client that does not read within 30 s: after two pings, or two looks. */
const usualTimeouts: Timeouts = { pingMs: 12_000, stallMs: 15_000 };

/** Listens on the configured address. Throws what node throws where the port is taken. */
export async function listen(context: Context, timeouts = usualTimeouts): Promise<Listener> {
  const { listenHost, listenPort, apiKeys } = context.config.server;
  const yoga = openYoga(context);
  const sockets = openWebSockets(yoga, { pingMs: timeouts.pingMs, apiKeys });
  const answering = openAnswering();
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    answering.add(response);
    handle(request, response, { context, yoga, timeouts }).catch((error: unknown) => {
      context.log.error({ err: error }, 'request failed');
      if (!response.headersSent)
        answerError(response, 500, { code: 'INTERNAL_SERVER_ERROR', message: 'The server failed to answer.' });
      else response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => upgrade({ request, socket, head }, context, sockets));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(listenPort, listenHost, () => {
      server.off('error', reject);
      // Such as too many open files when a client connects: nobody else listens, and the process would end.
      server.on('error', (err) => context.log.error({ err }, 'connection not accepted'));
      resolve();
    });
  });
  return { url: urlOf(server), [Symbol.asyncDispose]: () => close(server, sockets, answering) };
}

interface RequestScope {
  readonly context: Context;
  readonly yoga: Yoga;
  readonly timeouts: Timeouts;
}

async function handle(request: IncomingMessage, response: ServerResponse, scope: RequestScope): Promise<void> {
  const { config, health, log } = scope.context;
  setHeaders(response, request.headers.origin, config.server.allowedOrigins);
  const refusal = refuse(request, config.server);
  if (refusal !== null) return refuseWith(response, refusal);
  const path = pathOf(request);
  if (path === '/health') return answer(response, 200, { status: 'ok' });
  const admission = authenticate(request.headers.authorization, config.server.apiKeys);
  if (path === '/ready') return answerReady(response, health, admission);
  if (path === '/graphql' && wantsGraphiql(request)) return answerGraphiql(response);
  // A browser asks without a key whether it may send one.
  const isPreflight = request.method === 'OPTIONS' && (path === '/graphql' || path.startsWith('/jobs/'));
  if (admission.kind === 'REFUSED' && !isPreflight) {
    log.debug({ address: request.socket.remoteAddress, path }, 'caller refused');
    return refuseCaller(response, admission);
  }
  const caller = admission.kind === 'ADMITTED' ? admission.caller : null;
  switch (path) {
    case '/graphql':
      return answerGraphql(request, response, { ...scope, caller });
    default:
      if (path.startsWith('/jobs/')) return answerJobFile(request, response, scope.context);
      return answerError(response, 404, {
        code: 'NOT_FOUND',
        message: 'There is nothing here. The API is at /graphql.',
      });
  }
}

/** For every answer, errors included, which pages of allowed origins may read. */
function setHeaders(response: ServerResponse, origin: string | undefined, allowedOrigins: readonly string[]): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('vary', 'Origin');
  if (origin !== undefined && allowedOrigins.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
  }
}

/** Tells the last known state; asks nobody. What is wrong is for callers alone. */
function answerReady(
  response: ServerResponse,
  { status, problems }: Context['health'],
  admission: Authentication,
): void {
  answer(response, status === 'READY' ? 200 : 503, admission.kind === 'ADMITTED' ? { status, problems } : { status });
}

async function answerGraphql(
  request: IncomingMessage,
  response: ServerResponse,
  { context, yoga, timeouts, caller }: RequestScope & { readonly caller: string | null },
): Promise<void> {
  const refusal = refuseBody(request);
  if (refusal !== null) return refuseWith(response, refusal);
  const body = request.method === 'POST' ? await readOrAnswer(request, response, context) : { bytes: Buffer.alloc(0) };
  if (body === null) return;
  if (request.headers.accept?.includes('text/event-stream') === true) {
    endWhenStalled(response, timeouts.stallMs);
  }
  if ('operation' in body) {
    response.on('close', () => discardAll(body.uploads, context.log));
    await yoga(request, response, { caller, operation: body.operation });
  } else {
    // Yoga takes a body that was read before it from here, as Express leaves it.
    await yoga(Object.assign(request, { body: body.bytes }), response, { caller });
  }
}

/** Removes what no job has taken. A file that stays, such as on a disk that has become read-only, goes at the next start. */
function discardAll(uploads: readonly Upload[], log: Log): void {
  for (const upload of uploads) {
    upload.discard().catch((err: unknown) => log.warn({ err }, 'upload not discarded'));
  }
}

/** Ends an event stream whose client takes nothing from one look to the next, while something waits for it. */
function endWhenStalled(response: ServerResponse, lookMs: number): void {
  let before = -1;
  const timer = setInterval(() => {
    const { writableLength = 0, bytesWritten = 0 } = response.socket ?? {};
    if (writableLength > 0 && bytesWritten === before) response.destroy();
    before = writableLength > 0 ? bytesWritten : -1;
  }, lookMs).unref();
  response.once('close', () => clearInterval(timer));
}

async function readOrAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  context: Context,
): Promise<Body | null> {
  try {
    return await readBody(request, context.uploads);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    response.setHeader('connection', 'close');
    answerError(response, error.status, error);
    // What is still on its way is thrown away, so that the sender hears the answer.
    request.resume();
    return null;
  }
}

function refuseWith(
  response: ServerResponse,
  { status, message }: { readonly status: number; readonly message: string },
): void {
  response.setHeader('connection', 'close');
  answerError(response, status, { code: 'FORBIDDEN', message });
}

/** What is still on its way of a body is not read. */
function refuseCaller(
  response: ServerResponse,
  { message, challenge }: Authentication & { readonly kind: 'REFUSED' },
): void {
  response.setHeader('connection', 'close');
  response.setHeader('www-authenticate', challenge);
  answerError(response, 401, { code: 'UNAUTHENTICATED', message });
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade({ request, socket, head }: Upgrade, { config }: Context, sockets: WebSockets): void {
  // Node listens no more: a client that resets the connection must not end the process.
  socket.on('error', () => undefined);
  const refusal = refuse(request, config.server);
  if (refusal === null && pathOf(request) === '/graphql') return sockets.upgrade(request, socket, head);
  const status = refusal === null ? '404 Not Found' : `${refusal.status} Refused`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Not by URL, which throws at what a client may well send. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function urlOf(server: Server): string {
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server listens on no port');
  const { address, family, port } = at;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Sockets first: `server.close` waits for ever while one is open. Answers on their way are waited for; event streams over HTTP are cut, their
 * clients come back with a cursor.
 */
async function close(server: Server, sockets: WebSockets, answering: Answering): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await sockets[Symbol.asyncDispose]();
  await answering.settled(lastAnswerMs);
  server.closeAllConnections();
  await closed;
}
