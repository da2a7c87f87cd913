import { pathToFileURL } from 'node:url';
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createSseClient } from 'graphql-sse';
import type { Client } from 'graphql-ws';
import relay from 'relay-runtime';
import { cacheConfig } from '#clients/js/apollo.ts';
import { openClient } from '#clients/js/client.ts';
import { JobEventsDocument, type JobEventsSubscription } from '#clients/js/operations.ts';
import { iterate, openSocket, resuming } from '#clients/js/resuming.ts';
import type { Heard } from './listen.ts';

/** What follows a job, and shows its segments as the library brings them, without taking out what might come twice. */
type Follow = (job: Followed) => AsyncIterable<Heard>;

/** A job, its server, and until when it is of interest. */
export interface Followed {
  readonly url: string;
  readonly id: string;
  readonly signal: AbortSignal;
}

/** The package by itself. */
export const followByPackage: Follow = async function* ({ url, id, signal }) {
  const client = openClient({ url });
  for await (const event of client.follow(id, { signal })) yield* segmentsOf(event);
  await client.dispose();
};

/** Apollo Client with server-sent events: its link for graphql-ws takes a client of graphql-sse as it is. */
export const followByApolloSse: Follow = async function* ({ url, id, signal }) {
  const sse = createSseClient({ url: `${url}/graphql`, retryAttempts: Infinity, retry });
  const client = new ApolloClient({
    cache: new InMemoryCache(cacheConfig),
    link: new GraphQLWsLink(resuming(sse) as unknown as Client),
  });
  const results = iterate<ApolloClient.SubscribeResult<JobEventsSubscription>>((sink) => {
    const subscription = client.subscribe({ query: JobEventsDocument, variables: { id, after: 0 } }).subscribe(sink);
    return () => subscription.unsubscribe();
  }, signal);
  for await (const { data, error } of results) {
    if (!data) throw error;
    yield* segmentsOf(data.jobEvents);
  }
  client.stop();
};

/** Relay's runtime with what its compiler has made of a subscription, in a file of this path. */
export const followByRelay = (artifact: string): Follow =>
  async function* ({ url, id, signal }) {
    const { Environment, Network, Observable, RecordSource, Store, requestSubscription } = relay;
    const socket = openSocket({ url: `${url.replace('http', 'ws')}/graphql` });
    const network = Network.create(
      () => Observable.from(Promise.reject(new Error('nothing is asked'))),
      ({ text }, variables) =>
        Observable.create((sink) => socket.subscribe({ query: text ?? '', variables }, sink as never)),
    );
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    const { default: subscription } = await import(pathToFileURL(artifact).href);
    const events = iterate<JobEventsSubscription>((sink) => {
      const { dispose } = requestSubscription<{ response: JobEventsSubscription; variables: object }>(environment, {
        subscription,
        variables: { id, after: 0 },
        onNext: (data) => data && sink.next(data),
        onError: (error) => sink.error(error),
        onCompleted: () => sink.complete(),
      });
      return () => dispose();
    }, signal);
    for await (const { jobEvents } of events) yield* segmentsOf(jobEvents);
    await socket.dispose();
  };

function segmentsOf(event: JobEventsSubscription['jobEvents']): readonly Heard[] {
  return event.__typename === 'JobSegmentsAdded' ? event.segments.map(({ index, text }) => [index, text] as const) : [];
}

/** Soon, as the test has not the time of a page. */
function retry(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
}
