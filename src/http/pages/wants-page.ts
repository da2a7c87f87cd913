import type { IncomingMessage } from 'node:http';

/** Whether it is a browser that asks, for a person to look at what comes. */
export function wantsPage({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}
