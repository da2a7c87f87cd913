import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Between two signs of life, for proxies that end a connection on which nothing comes. */
const signOfLifeMs = 12_000;
const signOfLife = ':\n\n';

/**
 * Sends what a subscription, or another such stream, brings, until its end or that of the connection. What others follow too comes to the outlet of the subscription, and not by here.
 * Throws what it throws.
 */
export async function streamResults<T>(
  response: ServerResponse,
  results: AsyncGenerator<T, void, void>,
  frame: (result: T) => string,
): Promise<void> {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  // Some browsers take no head before something has come.
  response.write(signOfLife);
  const signs = setInterval(() => response.writableLength === 0 && response.write(signOfLife), signOfLifeMs).unref();
  response.once('close', () => {
    clearInterval(signs);
    resolve();
    // It waits for what comes next, and would not hear of the end otherwise.
    results.return().catch(() => undefined);
  });
  for await (const result of results) {
    if (!response.write(frame(result))) await Promise.race([once(response, 'drain'), left]);
  }
}
