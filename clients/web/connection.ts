import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import type { FormattedExecutionResult } from 'graphql-ws';
import { Client, fetchExchange, stringifyDocument, subscriptionExchange } from 'urql';
import { PhonographError } from '../js/client.ts';
import { cacheConfig } from '../js/graphcache.ts';
import { iterate, openSocket } from '../js/resuming.ts';
import { openStore, type Store } from './store.ts';

/** Where the page is served from, under whatever path, with a slash at its end. */
export const base = new URL('./', location.href.replace(/[?#].*$/u, '')).href;

/** The address of what the server names by a path from its own root, such as Media.url. */
export function addressOf(path: string): string {
  return new URL(path.replace(/^\//u, ''), base).href;
}

/** What the page asks the server by, as one caller. */
export interface Connection {
  readonly token: string | undefined;
  /** For what is asked now and then and shown as it is: a normalised cache keeps answers of mutations and queries in step. */
  readonly client: Client;
  /** For lists and transcripts, which keep what they have themselves. Waits for a server that is away. */
  ask<Data, Variables extends object>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    signal?: AbortSignal,
  ): Promise<Data>;
  /** Every item of a subscription, through lost connections, until it ends or the signal aborts; then it settles. */
  listen<Data, Variables extends object>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options: { readonly signal: AbortSignal; readonly onItem: (data: Data) => void },
  ): Promise<void>;
  /** What changes something goes by HTTP, once: after a lost connection nobody can say whether it has happened. */
  change<Data, Variables extends object>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  /** Whether the server can be reached, and how often it was reached. */
  readonly reach: Store<Reach>;
  dispose(): void;
}

interface Reach {
  readonly isLost: boolean;
  readonly times: number;
}

/** A connection of this page's; `onRefused` is told once when the server does not know the API key any more. */
export function openConnection(token: string | undefined, onRefused: () => void): Connection {
  const endpoint = `${base}graphql`;
  const reach = openStore<Reach>({ isLost: false, times: 0 });
  const socket = openSocket({ url: endpoint.replace(/^http/u, 'ws'), token });
  socket.on('connected', () => reach.set(({ times }) => ({ isLost: false, times: times + 1 })));
  socket.on('closed', (event) => {
    const { code } = event instanceof CloseEvent ? event : { code: 0 };
    if (code === 4401) onRefused();
    else reach.set(({ times }) => ({ isLost: code !== 1000, times }));
  });
  socket.on('error', () => reach.set(({ times }) => ({ isLost: true, times })));

  const headers = { 'x-graphql-yoga-csrf': '1', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const client = new Client({
    url: endpoint,
    fetchOptions: { headers },
    preferGetMethod: false,
    exchanges: [
      cacheExchange(cacheConfig),
      // Questions go by the socket, too: it asks them again when it is back.
      subscriptionExchange({
        isSubscriptionOperation: ({ kind }) => kind === 'subscription' || kind === 'query',
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: ({ next, error, complete }) => {
            const forward = ({ data = null, errors }: FormattedExecutionResult) =>
              next({ data, ...(errors === undefined ? {} : { errors: [...errors] }) });
            return {
              unsubscribe: socket.subscribe({ query, variables: variables ?? {} }, { next: forward, error, complete }),
            };
          },
        }),
      }),
      fetchExchange,
    ],
  });

  const results = <Data>(document: TypedDocumentNode<Data, never>, variables: object, signal?: AbortSignal) => {
    const payload = { query: stringifyDocument(document), variables: { ...variables } };
    return iterate<FormattedExecutionResult<Data>>((sink) => socket.subscribe(payload, sink), signal);
  };
  return {
    token,
    client,
    reach,
    async ask(document, variables, signal) {
      for await (const result of results(document, variables, signal)) return dataOf(result);
      throw new PhonographError({ code: 'CONNECTION_CLOSED', message: 'The server did not answer.', hint: null });
    },
    async listen(document, variables, { signal, onItem }) {
      for await (const result of results(document, variables, signal)) onItem(dataOf(result));
    },
    async change(document, variables) {
      const { data, error } = await client.mutation(document, variables).toPromise();
      const [told] = error?.graphQLErrors ?? [];
      if (error && told === undefined) throw error;
      return dataOf({ data, errors: told && [told.toJSON()] });
    },
    dispose: () => {
      Promise.resolve(socket.dispose()).catch(() => {}); // It is closed either way.
    },
  };
}

function dataOf<Data>({
  data,
  errors,
}: {
  readonly data?: Data | null | undefined;
  readonly errors?: FormattedExecutionResult['errors'] | undefined;
}): Data {
  if (data && errors === undefined) return data;
  const { message = 'The server did not answer.', extensions = {} } = errors?.[0] ?? {};
  const { code, hint } = extensions;
  throw new PhonographError({ code: String(code), message, hint: typeof hint === 'string' ? hint : null });
}

/** A member of a result's union that says what is wrong. */
interface Refusal {
  readonly __typename: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** The success of a mutation; throws what is wrong. */
export function successOf<Result extends { readonly __typename: string }>(
  result: Result,
): Exclude<Result, { readonly code: string }> {
  if (isSuccess(result)) return result;
  const { code = '', message = '', hint = null }: Partial<Refusal> = result;
  throw new PhonographError({ code, message, hint });
}

function isSuccess<Result extends { readonly __typename: string }>(
  result: Result,
): result is Exclude<Result, { readonly code: string }> {
  return !('code' in result);
}

/** What time it is by the server's clock: what is asked to be told `since` then misses nothing. */
export function timeOf({
  startedAt,
  uptimeSeconds,
}: {
  readonly startedAt: string;
  readonly uptimeSeconds: number;
}): string {
  return new Date(Date.parse(startedAt) + uptimeSeconds * 1000).toISOString();
}

/** Whether more has happened while the page was away than the server can tell: then it asks anew. */
export function isExpired(error: unknown): boolean {
  return error instanceof PhonographError && error.code === 'CURSOR_EXPIRED';
}
