import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Membership } from './fan-out/group.ts';

/** Between two signs of life, for proxies that end a connection on which nothing comes. */
const signOfLifeMs = 12_000;
const signOfLife = ':\n\n';

/** Keeps an event stream up; `leave` is called when its client has left. */
function keepUp(response: ServerResponse, leave: () => void): void {
  // Sent by itself, or Node keeps the head as the fifty pieces that it was put together from.
  response.flushHeaders();
  // Some browsers take no head before something has come.
  response.write(signOfLife);
  const signs = setInterval(() => response.writableLength === 0 && response.write(signOfLife), signOfLifeMs).unref();
  response.once('close', () => {
    clearInterval(signs);
    leave();
  });
}

/** Sends what others follow, too, until its end or that of the connection: it comes by the outlet, and all that is kept here is the place. Throws what it throws. */
export async function streamShared(response: ServerResponse, { begin, leave, ended }: Membership): Promise<void> {
  // Nobody would be told that a client has left which left before.
  if (response.destroyed) return leave();
  keepUp(response, leave);
  begin();
  await ended;
}

/** Sends what a stream brings, until its end or that of the connection. Throws what it throws. */
export async function streamResults<T>(
  response: ServerResponse,
  results: AsyncGenerator<T, void, void>,
  frame: (result: T) => string,
): Promise<void> {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  keepUp(response, () => {
    resolve();
    // It waits for what comes next, and would not hear of the end otherwise.
    results.return().catch(() => undefined);
  });
  for await (const result of results) {
    if (!response.write(frame(result))) await Promise.race([once(response, 'drain'), left]);
  }
}
