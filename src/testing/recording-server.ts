import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a server makes of a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A server that recordings are fetched from, as good or as bad as its answer. */
export interface RecordingServer extends AsyncDisposable {
  /** Its address, without a slash at its end. */
  readonly origin: string;
  readonly port: number;
  /** What it was asked, in order. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Connections so far. */
  readonly connections: number;
  answer: Answer;
}

/** Opens one on an address of this machine. */
export async function openRecordingServer(answer: Answer, host = '127.0.0.1'): Promise<RecordingServer> {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    Promise.resolve(opened.answer(request, response)).catch((error: Error) => response.destroy(error));
  }).on('connection', () => (connections += 1));
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const opened: RecordingServer = {
    origin: `http://${host}:${port}`,
    port,
    requests,
    get connections() {
      return connections;
    },
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return opened;
}

/** How a recording is served. */
interface Serving {
  readonly etag?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks the line after so many bytes of each answer. */
  readonly cutAfter?: number;
  /** Waits until so many bytes of all are where they belong: a client whose line breaks loses what it has not looked at. At once where absent. */
  readonly taken?: (bytes: number) => Promise<void>;
}

/** Serves bytes, and parts of them by Range and If-Range. */
export function serving(bytes: Buffer, { etag = '"1"', headers = {}, cutAfter, taken }: Serving = {}): Answer {
  return async (request, response) => {
    const asked = /^bytes=(?<start>\d+)-$/u.exec(request.headers.range ?? '')?.groups?.['start'];
    const isSame = (request.headers['if-range'] ?? etag) === etag;
    const start = asked !== undefined && isSame ? Number(asked) : 0;
    if (start > 0 && start >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': bytes.length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
      ...(etag !== null && { etag }),
      ...headers,
    });
    const part = bytes.subarray(start, cutAfter === undefined ? undefined : start + cutAfter);
    if (start + part.length === bytes.length) {
      response.end(part);
      return;
    }
    await new Promise((resolve) => {
      response.write(part, resolve);
    });
    await taken?.(start + part.length);
    breakOff(response);
  };
}

/** Ends a connection in the middle of an answer, when all that was written has gone out: what is destroyed may take it along. */
export function breakOff({ socket }: ServerResponse): void {
  socket?.destroySoon();
}

/** An answer of a status with a body. */
export function telling(status: number, body = '', headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers).end(body);
  };
}

/** Sends the beginning of a recording and holds the rest back until it is released. */
export function holding(bytes: Buffer, holdAt: number) {
  const events = new EventEmitter().setMaxListeners(0);
  let isReleased = false;
  const answer: Answer = async (request, response) => {
    if (isReleased) return serving(bytes)(request, response);
    response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' }).write(bytes.subarray(0, holdAt));
    const left = once(response, 'close');
    events.emit('held');
    await Promise.race([once(events, 'released'), left]);
    response.end(bytes.subarray(holdAt));
  };
  return {
    answer,
    /** Settles when it holds an answer back. */
    held: async () => {
      await once(events, 'held');
    },
    release() {
      isReleased = true;
      events.emit('released');
    },
  };
}
