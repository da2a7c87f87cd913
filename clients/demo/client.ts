import { createClient } from 'graphql-ws';
import { z } from 'zod';

/** One query, mutation or subscription, and what its data must look like. */
export interface Operation<Data> {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly data: z.ZodType<Data>;
}

/** GraphQL's frame around every result. */
const resultSchema = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

/** Asks once, over HTTP. `url` is the server's, without a path. */
export async function ask<Data>(
  url: string,
  { query, variables, data }: Operation<Data>,
  signal: AbortSignal,
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify({ query, variables }),
    signal,
  });
  return data.parse(dataOf(await response.json()));
}

/** Follows a subscription over WebSocket until the server completes it. A lost connection is taken up again by the library. */
export async function* follow<Data>(
  url: string,
  { query, variables, data }: Operation<Data>,
  signal: AbortSignal,
): AsyncGenerator<Data> {
  const client = createClient({ url: `${url.replace(/^http/u, 'ws')}/graphql`, retryAttempts: Infinity });
  const results = client.iterate({ query, variables });
  const leave = (): void => client.terminate();
  signal.addEventListener('abort', leave);
  try {
    for await (const result of results) yield data.parse(dataOf(result));
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', leave);
    await client.dispose();
  }
}

function dataOf(frame: unknown): unknown {
  const { data, errors } = resultSchema.parse(frame);
  if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join('; '));
  return data;
}
