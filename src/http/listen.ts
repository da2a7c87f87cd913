import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context } from '#resolvers/context.ts';
import { answerError, type Answering, endWhenIdle, endWhenStalled, openAnswering } from './answer.ts';
import { openFanOut } from './fan-out/fan-out.ts';
import { openPersistedQueries } from './persisted-queries.ts';
import { openQuotas } from './quotas/quotas.ts';
import { refuse } from './request-checks.ts';
import { handle, pathOf } from './routes.ts';
import { openSubscriptions } from './subscriptions.ts';
import { openWebSockets, type WebSockets } from './websocket.ts';
import { maskErrors, openYoga, requestContext } from './yoga.ts';

/** A listening server: its address, and its orderly end. */
export interface Listener extends AsyncDisposable {
  readonly url: string;
}

/** How long a large upload may take to arrive. */
const requestTimeoutMs = 6 * 3_600_000;
/** What is not answered by then was not going to be: an upload, or a client that does not read. */
const lastAnswerMs = 1000;

const maxListeners = 20;

/** Connections that wait to be accepted: of thousands who come back at once, those beyond it try again after a second, as TCP has it. */
const backlog = 4096;

/** How long the server bears with clients. */
interface Timeouts {
  /** Between two looks at an answer: one whose client took no byte in between, while something waits for it, is ended. */
  readonly stallMs: number;
  /** Between two pings of a WebSocket. One that has not answered by the next is half-open or does not read: it is ended. */
  readonly pingMs: number;
}

/** Both end a client that does not read within 30 s: after two pings, or two looks. */
const usualTimeouts: Timeouts = { pingMs: 12_000, stallMs: 15_000 };

/** Listens on the configured address. Throws what node throws where the port is taken. */
export async function listen(context: Context, timeouts = usualTimeouts): Promise<Listener> {
  const { listenHost, listenPort, maxSockets, bodyIdleSeconds } = context.config.server;
  await using stack = new AsyncDisposableStack();
  const quotas = stack.use(openQuotas(context.config.server, { shared: context.store.limits, log: context.log }));
  const fanOut = openFanOut({
    contextOf: (caller, signal) => requestContext(context, caller, signal),
    mask: maskErrors(context.log),
  });
  const persisted = openPersistedQueries();
  const subscriptions = openSubscriptions({ fanOut, quotas, metrics: context.metrics });
  const yoga = openYoga(context, { subscriptions, persisted });
  const sockets = openWebSockets(yoga, {
    ...context.config.server,
    keys: context.keys,
    quotas,
    share: subscriptions.share,
    pingMs: timeouts.pingMs,
    log: context.log,
  });
  const answering = openAnswering();
  const stopping = new AbortController();
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    // Each of those who must hear of its end listens once; Node warns of more than ten.
    response.setMaxListeners(maxListeners);
    answering.add(response);
    endWhenStalled(response, timeouts.stallMs);
    endWhenIdle(request, response, bodyIdleSeconds * 1000);
    const scope = { context, yoga, quotas, fanOut, share: subscriptions.share, persisted, stopping: stopping.signal };
    handle(request, response, scope).catch((error: unknown) => {
      context.log.error({ err: error }, 'request failed');
      if (!response.headersSent)
        answerError(response, 500, { code: 'INTERNAL_SERVER_ERROR', message: 'The server failed to answer.' });
      else response.destroy();
    });
  });
  server.maxConnections = maxSockets;
  server.on('connection', (socket) => quotas.admit(socket));
  server.on('upgrade', (request, socket, head) => upgrade({ request, socket, head }, context, sockets));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: listenPort, host: listenHost, backlog }, () => {
      server.off('error', reject);
      // Such as too many open files when a client connects: nobody else listens, and the process would end.
      server.on('error', (err) => context.log.error({ err }, 'connection not accepted'));
      resolve();
    });
  });
  const owned = stack.move();
  return {
    url: urlOf(server),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await close(server, sockets, answering);
      await owned.disposeAsync();
    },
  };
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade({ request, socket, head }: Upgrade, { config, role }: Context, sockets: WebSockets): void {
  // Node listens no more: a client that resets the connection must not end the process.
  socket.on('error', () => undefined);
  const refusal = refuse(request, config.server);
  const isKnown = role !== 'worker' && pathOf(request) === '/graphql';
  if (refusal === null && isKnown) return sockets.upgrade(request, socket, head);
  const status = refusal === null ? '404 Not Found' : `${refusal.status} Refused`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
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
