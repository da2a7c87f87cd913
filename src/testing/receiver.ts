import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A message that a receiver was sent. */
export interface Received {
  /** Of the message: the same at each attempt. */
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly type: string;
  readonly timestamp: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read messages of any type
  readonly data: any;
}

/** A server that webhooks are sent to. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Settles when it has received so many messages, answered or not. */
  until(count: number): Promise<readonly Received[]>;
}

/** How a message is answered: with 204 where nothing else is said. */
export type Answer = (message: Received, response: ServerResponse) => void;

/** Opens a receiver on a free port of loopback; `/` and every other path are the same to it. */
export async function openReceiver(answer: Answer = (_, response) => response.writeHead(204).end()): Promise<Receiver> {
  const received: Received[] = [];
  let more = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.once('end', () => {
      const { headers } = request;
      const message: Received = { id: String(headers['webhook-id']), headers, body, ...JSON.parse(body) };
      received.push(message);
      answer(message, response);
      more.resolve();
      more = Promise.withResolvers();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    async until(count) {
      while (received.length < count) await more.promise;
      return received;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Checks a message as receivers do, with the library of Standard Webhooks. Throws where it is not right. */
export function verify(secret: string, { body, headers }: Received): void {
  new Webhook(secret).verify(
    body,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  );
}
