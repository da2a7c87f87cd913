import { parse } from 'graphql';
import { type Client, type ClientOptions, createClient, type Sink, type SubscribePayload } from 'graphql-ws';

/** Of subscriptions that can go on: the argument that says where to begin, and the field of an item that it is taken from. */
const cursors: Readonly<Record<string, { readonly argument: string; readonly field: string }>> = {
  jobEvents: { argument: 'after', field: 'seq' },
  jobChanged: { argument: 'since', field: 'updatedAt' },
  logAdded: { argument: 'after', field: 'id' },
};

/** What clients of graphql-ws and of graphql-sse have in common. */
interface Subscriber {
  subscribe(payload: SubscribePayload, sink: Sink<Result>): () => void;
  iterate(payload: SubscribePayload): AsyncIterableIterator<Result>;
}

interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * A client of graphql-ws or graphql-sse whose subscriptions go on where they were after a lost connection. The operation gives `after`, or `since` of
 * jobChanged, as a variable of any name, and selects what it is taken from: `seq`, `id` or `updatedAt`. Each event of jobEvents and each line of
 * logAdded then comes once; jobChanged misses nothing, and may tell the same state twice. Other operations are left as they are.
 *
 * It goes into Apollo's GraphQLWsLink, urql's subscriptionExchange and Relay's Network. They copy variables, so that nothing above them can change what
 * a later connection asks for; this is the last to see them.
 */
export function resuming<C extends Subscriber>(client: C): C {
  const subscribe = (payload: SubscribePayload, sink: Sink<Result>) => {
    const cursor = cursorOf(payload.query);
    if (cursor === null) return client.subscribe(payload, sink);
    const { [cursor.variable]: given, ...others } = payload.variables ?? {};
    let place = given;
    // Read whenever a connection asks.
    const get = () => place;
    const variables = Object.defineProperty(others, cursor.variable, { enumerable: true, get });
    const next = (result: Result) => {
      const [item] = Object.values(result.data ?? {});
      const reached = isRecord(item) ? item[cursor.field] : undefined;
      if (reached !== undefined) place = reached;
      else if (item) return fail(`Select ${cursor.field}, by which the subscription goes on after a lost connection.`);
      sink.next(result);
    };
    let hasFailed = false;
    const complete = () => !hasFailed && sink.complete();
    const fail = (message: string) => {
      hasFailed = true;
      leave();
      sink.error(new Error(message));
    };
    const leave = client.subscribe({ ...payload, variables }, { error: sink.error.bind(sink), next, complete });
    return leave;
  };
  const iterateOver = (payload: SubscribePayload) => iterate<Result>((sink) => subscribe(payload, sink));
  return { ...client, subscribe, iterate: iterateOver };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Where an operation has its cursor: its variable, and the field of an item. Null where it has none. */
function cursorOf(query: string): { readonly variable: string; readonly field: string } | null {
  for (const field of rootFields(query)) {
    const cursor = cursors[field.name.value];
    const given = field.arguments?.find(({ name }) => name.value === cursor?.argument)?.value;
    if (cursor && given?.kind === 'Variable') return { variable: given.name.value, field: cursor.field };
  }
  return null;
}

function rootFields(query: string) {
  try {
    return parse(query, { noLocation: true })
      .definitions.flatMap((each) => (each.kind === 'OperationDefinition' ? each.selectionSet.selections : []))
      .filter((each) => each.kind === 'Field');
  } catch {
    return []; // The server says what is wrong with it.
  }
}

/** A client of graphql-ws as a page wants it: it comes back from every lost connection, for as long as it takes, and its subscriptions go on. */
export function openSocket({ token, ...options }: SocketOptions): Client {
  const { keepAlive = 10_000 } = options;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait,
    keepAlive,
    connectionAckWaitTimeout: keepAlive,
    ...options,
  });
  // A connection whose other end has vanished is not told so; it is noticed by a ping without an answer.
  client.on('ping', (received) => {
    if (!received) silence = setTimeout(() => client.terminate(), keepAlive / 2);
  });
  client.on('pong', (received) => {
    if (received) clearTimeout(silence);
  });
  client.on('closed', () => clearTimeout(silence));
  return resuming(client);
}

/** Those of graphql-ws, and an API key where the server asks for one. */
export interface SocketOptions extends Omit<ClientOptions, 'keepAlive'> {
  readonly token?: string | undefined;
  /** After how many milliseconds without a message the connection is asked whether it is still there; 10,000 where absent. */
  readonly keepAlive?: number;
}

/** At most 5 s, and not all at the same time. The waits of graphql-ws itself double without an end: hours after a night. */
function retryWait(retries: number): Promise<void> {
  const longestMs = Math.min(5000, 250 * 2 ** Math.min(retries, 5));
  return new Promise((resolve) => {
    setTimeout(resolve, longestMs * (0.5 + Math.random() / 2));
  });
}

/** What a subscription brings, one after the other. Leaving the loop ends it, and so does the signal, with whose reason the loop then ends. */
export async function* iterate<T>(
  subscribe: (sink: Sink<T>) => () => void,
  signal?: AbortSignal,
): AsyncGenerator<T, undefined, undefined> {
  signal?.throwIfAborted();
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let end: { readonly error?: unknown } | undefined;
  const finish = (how: { readonly error?: unknown }) => {
    end ??= how;
    wake?.();
  };
  const next = (item: T) => {
    waiting.push(item);
    wake?.();
  };
  const leave = subscribe({ next, error: (error) => finish({ error }), complete: () => finish({}) });
  const stop = () => wake?.();
  signal?.addEventListener('abort', stop);
  try {
    for (;;) {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
        yield item;
        signal?.throwIfAborted();
      }
      signal?.throwIfAborted();
      if (end && 'error' in end) throw end.error;
      if (end) return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    leave();
  }
}
