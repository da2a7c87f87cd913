import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, type SubscribePayload } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { ApiKeys } from '../auth/api-keys.ts';
import type { Caller } from '../config/api-key.ts';
import { clientLeft } from '../errors.ts';
import type { Log } from '../logs/log.ts';
import type { FanOut, SubscribeArgs } from './fan-out/fan-out.ts';
import type { Membership } from './fan-out/group.ts';
import { type Outlet, webSocketOutlet } from './fan-out/outlet.ts';
import { answered, type Enveloped, prepare, rootOf } from './operation.ts';
import { type Quotas, tooMany, tooOften } from './quotas/quotas.ts';
import { authenticate } from './request-checks.ts';
import { maskErrors, type Yoga } from './yoga.ts';

/** 256 KiB: an operation with its variables; recordings come over HTTP. */
const maxMessageBytes = 262_144;
/** How long a client may take to answer that its connection is closed. */
const closeMs = 3000;

/** Takes WebSocket connections over from the HTTP server. */
export interface WebSockets extends AsyncDisposable {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface WebSocketSettings {
  readonly maxSubscriptionsPerSocket: number;
  readonly pingMs: number;
  readonly keys: ApiKeys;
  readonly quotas: Pick<Quotas, 'asked' | 'failed'>;
  readonly share: FanOut;
  readonly log: Log;
}

/** What is kept with a connection once it was let in: its caller, and what aborts when it is closed. */
type Admitted = { caller?: Caller; signal?: AbortSignal };
type Connected = Extra & Admitted;

/**
 * GraphQL over WebSocket (graphql-transport-ws). Parse, validate, execute and subscribe come from Yoga: given the schema alone, errors would reach
 * the client unmasked and without limits. A client that answers no ping until the next one is ended: it is half-open, or it does not read. Until
 * then it holds one message for each of its operations, since the next is not asked for before the one before has left.
 */
export function openWebSockets(
  yoga: Yoga,
  { pingMs, keys, quotas, share, log, maxSubscriptionsPerSocket }: WebSocketSettings,
): WebSockets {
  // @types/ws does not know closeTimeout yet.
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    maxPayload: maxMessageBytes,
    closeTimeout: closeMs,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  };
  const sockets = new WebSocketServer(options);
  const server = useServer<Readonly<Record<string, unknown>>, Admitted>(
    {
      onConnect({ connectionParams = {}, extra }) {
        const shown = shownIn(connectionParams) ?? extra.request.headers.authorization;
        const admission = authenticate(shown, keys);
        if (admission.kind === 'ADMITTED') {
          endWithKey(admission.caller, extra.socket);
          extra.caller = admission.caller;
          extra.signal = whenClosed(extra.socket);
          return true;
        }
        if (shown !== undefined) countFailure(extra.request);
        extra.socket.close(CloseCode.Unauthorized, admission.message);
        return false;
      },
      execute: (args) => answered(() => rootOf(args).execute(args), log),
      subscribe: (args) => answered(() => rootOf(args).subscribe(args), log),
      onSubscribe: async ({ subscriptions, extra }, id, payload) => {
        if (Object.keys(subscriptions).length > maxSubscriptionsPerSocket)
          return [tooMany(`A connection carries at most ${maxSubscriptionsPerSocket} operations at a time.`)];
        const waitSeconds = extra.caller === undefined ? 0 : await quotas.asked(extra.caller);
        if (waitSeconds > 0) return [tooMany(tooOften(waitSeconds))];
        const args = await prepare(payload, enveloped(extra, payload), log);
        return 'document' in args ? shared(args, webSocketOutlet(extra.socket, extra.request.socket, id)) : args;
      },
    },
    sockets,
    pingMs,
  );
  function countFailure(request: IncomingMessage): void {
    quotas.failed(request).catch((err: unknown) => log.error({ err }, 'wrong API key not counted'));
  }
  /** 4401, after which graphql-ws's client does not come back. */
  function endWithKey(caller: Caller, socket: WebSocket): void {
    const ending = keys.onEnd(caller, () => socket.close(CloseCode.Unauthorized, 'This API key has ended.'));
    socket.once('close', () => ending[Symbol.dispose]());
  }
  function enveloped({ request: req, socket, caller, signal }: Connected, params: SubscribePayload): Enveloped {
    if (caller === undefined || signal === undefined) {
      throw new Error('An operation came on a connection that was not let in.');
    }
    return yoga.getEnveloped({ req, socket, params, caller, signal });
  }
  /** Has it followed together with others, where others may follow the same. */
  function shared(args: SubscribeArgs, outlet: Outlet): ExecutionArgs {
    const subscribe = async () => {
      const membership = await share(args, outlet);
      return membership === null ? rootOf(args).subscribe(args) : endOf(membership, maskErrors(log));
    };
    return { ...args, rootValue: { ...rootOf(args), subscribe } };
  }
  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (client) => {
        neverFailToSend(client);
        sockets.emit('connection', client, request);
        // graphql-ws hears the first error of a socket alone, and writes it to stderr; another one would end the process. `ws` closes the socket itself.
        client.removeAllListeners('error').on('error', (err) => log.debug({ err }, 'WebSocket broken'));
      });
    },
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(goingAway, 'The server is stopping.');
      await server.dispose();
      for (const client of sockets.clients) client.terminate();
    },
  };
}

/** That a client has vanished is told by the end of its socket. graphql-ws would write to stderr that a message to it could not be sent. */
function neverFailToSend(client: WebSocket): void {
  const send = client.send.bind(client);
  client.send = (data: Parameters<typeof send>[0], done?: unknown) => {
    send(data, () => {
      if (typeof done === 'function') done();
    });
  };
}

function whenClosed(socket: WebSocket): AbortSignal {
  const controller = new AbortController();
  socket.once('close', () => controller.abort(clientLeft()));
  return controller.signal;
}

/** A page cannot set the headers of a WebSocket. The name is taken in any case, as that of a header. */
function shownIn(params: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(params).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

/** RFC 6455: the server goes away; clients come back by themselves. */
const goingAway = 1001;

/** What graphql-ws iterates: it brings nothing, and ends when its follower has come to the end. */
function endOf(
  { ended, begin, leave }: Membership,
  mask: (error: unknown) => GraphQLError,
): AsyncGenerator<ExecutionResult, void, void> {
  const done = { done: true, value: undefined } as const;
  const end = async () => {
    leave();
    return done;
  };
  return {
    async next() {
      begin();
      try {
        await ended;
      } catch (error) {
        throw mask(error);
      }
      return done;
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      leave();
    },
  };
}
