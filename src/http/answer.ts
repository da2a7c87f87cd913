import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLeft } from '../errors.ts';

/** Answers with JSON and ends. */
export function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

/** Answers with one error in the shape that GraphQL clients read. */
export function answerError(
  response: ServerResponse,
  status: number,
  error: { readonly code: string; readonly message: string },
): void {
  answer(response, status, { errors: [{ message: error.message, extensions: { code: error.code } }] });
}

/** Enough for whoever has begun to send when the answer comes. */
const [drainedBytes, drainMs] = [16_777_216, 5000];

/**
 * Answers before the body has come. What is still on its way is thrown away, since a client that is cut off while it sends reads no answer; beyond bounds
 * the connection is closed.
 */
export function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  // By name: the message of an Error is not among what is spread.
  { status, code, message }: { readonly status: number; readonly code: string; readonly message: string },
): void {
  answerError(response, status, { code, message });
  if (request.complete) return;
  const { socket } = request;
  const close = () => socket.destroySoon();
  const timer = setTimeout(close, drainMs).unref();
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainedBytes) close();
  });
  // It was paused where a part of it was read before.
  request.resume();
  request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

/** Aborts when the client has left before the whole answer was sent. */
export function whenLeft(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => response.writableFinished || controller.abort(clientLeft()));
  return controller.signal;
}

/** The requests that are being answered. */
export interface Answering {
  add(response: ServerResponse): void;
  /** Settles when all are answered but those that never end by themselves, and after `limitMs` in any case. */
  settled(limitMs: number): Promise<void>;
}

export function openAnswering(): Answering {
  const open = new Set<ServerResponse>();
  return {
    add(response) {
      open.add(response);
      response.once('close', () => open.delete(response));
    },
    async settled(limitMs) {
      const answers = [...open].filter((response) => !isEventStream(response));
      const timeUp = new AbortController();
      const all = Promise.all(answers.map((response) => once(response, 'close'))).then(() => timeUp.abort());
      // Aborted: all were answered before.
      await Promise.race([all, sleep(limitMs, undefined, { signal: timeUp.signal }).catch(() => undefined)]);
    },
  };
}

function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream');
}

/** Ends an answer of any kind whose client takes no byte of it from one look to the next, while something waits for it. */
export function endWhenStalled(response: ServerResponse, checkMs: number): void {
  let before = -1;
  const timer = setInterval(() => {
    const { writableLength = 0, bytesWritten = 0 } = response.socket ?? {};
    if (writableLength > 0 && bytesWritten === before) response.destroy();
    before = writableLength > 0 ? bytesWritten : -1;
  }, checkMs).unref();
  response.once('close', () => clearInterval(timer));
}

/** Ends a request of whose body no byte comes for a time, while the server waits for it. */
export function endWhenIdle(request: IncomingMessage, response: ServerResponse, idleMs: number): void {
  const { socket, headers } = request;
  // Without one of them there is no body (RFC 9112, 6.3): an event stream that was asked for by GET is not looked at for hours.
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  let [before, since] = [socket.bytesRead, performance.now()];
  const timer = setInterval(() => {
    // Where the server itself reads no more, the client is not to blame.
    const hasMoved = socket.bytesRead !== before || request.readableLength > 0;
    if (hasMoved) [before, since] = [socket.bytesRead, performance.now()];
    if (request.complete || performance.now() - since < idleMs) return;
    clearInterval(timer);
    // The request is destroyed as well: of one that is answered, Node tells nobody that its connection is closed.
    if (response.headersSent) request.destroy();
    else {
      response.once('finish', () => request.destroy());
      const message = `No byte of the body came for ${idleMs / 1000} s.`;
      answerError(response, 408, { code: 'BAD_USER_INPUT', message });
    }
  }, idleMs / 4).unref();
  request.once('end', () => clearInterval(timer)).once('close', () => clearInterval(timer));
}
