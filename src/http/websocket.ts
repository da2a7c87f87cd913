import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, type SubscribePayload } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { ApiKey, Caller } from '../config/api-key.ts';
import { authenticate } from './request-checks.ts';
import type { Yoga } from './yoga.ts';

/** 256 KiB: an operation with its variables; recordings come over HTTP. */
const maxMessageBytes = 262_144;
const maxSubscriptionsPerSocket = 50;

/** Takes WebSocket connections over from the HTTP server. */
export interface WebSockets extends AsyncDisposable {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface WebSocketSettings {
  readonly pingMs: number;
  readonly apiKeys: readonly ApiKey[];
}

/** What is kept with a connection: its caller, once it was let in. */
type Admitted = { caller?: Caller };
type Connected = Extra & Admitted;

type Enveloped = ReturnType<Yoga['getEnveloped']>;

/**
 * GraphQL over WebSocket (graphql-transport-ws). Parse, validate, execute and subscribe come from Yoga: given the schema alone, errors would reach
 * the client unmasked and without limits. A client that answers no ping until the next one is ended: it is half-open, or it does not read. Until
 * then it holds one message for each of its operations, since the next is not asked for before the one before has left.
 */
export function openWebSockets(yoga: Yoga, { pingMs, apiKeys }: WebSocketSettings): WebSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  });
  const server = useServer<Readonly<Record<string, unknown>>, Admitted>(
    {
      onConnect({ connectionParams = {}, extra }) {
        const admission = authenticate(shownIn(connectionParams) ?? extra.request.headers.authorization, apiKeys);
        if (admission.kind === 'ADMITTED') {
          extra.caller = admission.caller;
          return true;
        }
        extra.socket.close(CloseCode.Unauthorized, admission.message);
        return false;
      },
      execute: (args) => rootOf(args).execute(args),
      subscribe: (args) => rootOf(args).subscribe(args),
      onSubscribe: async ({ subscriptions, extra }, _, payload) => {
        if (Object.keys(subscriptions).length > maxSubscriptionsPerSocket) return [tooMany()];
        return prepare(payload, enveloped(extra, payload));
      },
    },
    sockets,
    pingMs,
  );
  function enveloped({ request: req, socket, caller }: Connected, params: SubscribePayload): Enveloped {
    if (caller === undefined) throw new Error('An operation came on a connection that was not let in.');
    return yoga.getEnveloped({ req, socket, params, caller });
  }
  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (client) => {
        // graphql-ws hears the first error of a socket alone, and closes it; another one would end the process.
        client.on('error', () => undefined);
        sockets.emit('connection', client, request);
      });
    },
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(goingAway, 'The server is stopping.');
      await server.dispose();
      for (const client of sockets.clients) client.terminate();
    },
  };
}

/** A page cannot set the headers of a WebSocket. The name is taken in any case, as that of a header. */
function shownIn(params: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(params).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

/** RFC 6455: the server goes away; clients come back by themselves. */
const goingAway = 1001;

/** What an operation runs with, or the errors that answer it. A syntax error that is thrown here would close the whole socket. */
async function prepare(
  payload: SubscribePayload,
  enveloped: Enveloped,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { schema, execute, subscribe, parse, validate, contextFactory } = enveloped;
  try {
    const document = parse(payload.query);
    const errors = validate(schema, document);
    if (errors.length > 0) return errors;
    return {
      schema,
      document,
      operationName: payload.operationName,
      variableValues: payload.variables,
      contextValue: await contextFactory(),
      rootValue: { execute, subscribe },
    };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function rootOf({ rootValue }: ExecutionArgs): Pick<Enveloped, 'execute' | 'subscribe'> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `prepare` is the only one who makes these arguments
  return rootValue as Pick<Enveloped, 'execute' | 'subscribe'>;
}

function tooMany(): GraphQLError {
  return new GraphQLError(`A connection carries at most ${maxSubscriptionsPerSocket} operations at a time.`, {
    extensions: { code: 'TOO_MANY_REQUESTS' },
  });
}
