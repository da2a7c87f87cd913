import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient, type Client } from 'graphql-ws';

/** An event of jobEvents as the tests ask for it. */
export interface SeenEvent {
  readonly seq: number;
  readonly __typename: string;
  readonly status?: string;
  readonly progress?: { readonly stage: string; readonly fraction: number };
  readonly segments?: readonly {
    readonly id: string;
    readonly index: number;
    readonly text: string;
    readonly startSeconds: number;
    readonly endSeconds: number;
  }[];
  readonly language?: { readonly code: string };
}

const query = `subscription ($id: ID!, $after: SafeInt) {
  jobEvents(id: $id, after: $after) {
    __typename seq
    ... on JobStatusChanged { status }
    ... on JobProgressed { progress { stage fraction processedSeconds } }
    ... on JobLanguageDetected { language { code probability } }
    ... on JobSegmentsAdded { segments { id index startSeconds endSeconds text } }
  }
}`;

/** A graphql-ws client for the server at `url`; the caller disposes of it. */
export function wsClient(url: string, connectionParams = {}): Client {
  return createWsClient({ url: `${url.replace('http', 'ws')}/graphql`, connectionParams, retryAttempts: 0 });
}

/** Events of a job over WebSocket, until the subscription ends. */
export async function* followByWebSocket(url: string, id: string, after = 0): AsyncGenerator<SeenEvent> {
  const client = wsClient(url);
  try {
    for await (const { data, errors } of client.iterate<{ jobEvents: SeenEvent }>({
      query,
      variables: { id, after },
    })) {
      if (!data) throw new Error(JSON.stringify(errors), { cause: errors });
      yield data.jobEvents;
    }
  } finally {
    await client.dispose();
  }
}

/** Events of a job over server-sent events, until the subscription ends. */
export async function* followBySse(url: string, id: string, after = 0): AsyncGenerator<SeenEvent> {
  const client = createSseClient({ url: `${url}/graphql`, retryAttempts: 0 });
  try {
    for await (const { data, errors } of client.iterate<{ jobEvents: SeenEvent }>({
      query,
      variables: { id, after },
    })) {
      if (!data) throw new Error(JSON.stringify(errors), { cause: errors });
      yield data.jobEvents;
    }
  } finally {
    client.dispose();
  }
}

/** Waits until a job is finished and returns all its events. */
export async function eventsOf(url: string, id: string): Promise<readonly SeenEvent[]> {
  return Array.fromAsync(followByWebSocket(url, id));
}

/** Waits until an event is as asked; the rest is not read. */
export async function untilEvent(url: string, id: string, asked: (event: SeenEvent) => boolean): Promise<SeenEvent> {
  for await (const event of followByWebSocket(url, id)) if (asked(event)) return event;
  throw new Error('the job ended before the event came');
}
