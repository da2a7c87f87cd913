import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLeft, type RequestError } from '../errors.ts';

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

/** What a client is told of an error. GraphQL clients read `code` and `message`, those of OpenAI's API all of it. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | null;
  /** The field that is wrong. */
  readonly param?: string | null;
}

/** Answers with one error, in the shape that GraphQL clients read, or below /v1 in that of OpenAI's API. */
export function answerError(response: ServerResponse, status: number, error: Told): void {
  const isOpenai = response.req.url?.startsWith('/v1/') === true;
  answer(response, status, isOpenai ? openaiShape(status, error) : graphqlShape(error));
}

function graphqlShape({ code, message }: Told): object {
  return { errors: [{ message, extensions: { code } }] };
}

/** What OpenAI calls codes of ours; others are ours in small letters. */
const openaiCodes: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  TOO_MANY_REQUESTS: 'rate_limit_exceeded',
  MODEL_NOT_INSTALLED: 'model_not_found',
};

/** An error of OpenAI's API (platform.openai.com/docs/guides/error-codes). */
export function openaiShape(status: number, { code, message, hint, param = null }: Told): object {
  const type = status >= 500 ? 'server_error' : status === 429 ? 'rate_limit_error' : 'invalid_request_error';
  const text = hint ? `${message} ${hint}` : message;
  return { error: { message: text, type, param, code: openaiCodes[code] ?? code.toLowerCase() } };
}

const statuses: Readonly<Record<RequestError['code'], number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  TOO_MANY_REQUESTS: 429,
  NOT_FOUND: 404,
  CURSOR_EXPIRED: 410,
  SERVICE_UNAVAILABLE: 503,
  // As nginx writes it in its log: nobody is there to read it.
  CLIENT_LEFT: 499,
  ANSWER_TOO_LARGE: 413,
};

/** The HTTP status of an error outside of GraphQL. */
export function statusOf({ code }: RequestError): number {
  return statuses[code];
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
  refusal: Told & { readonly status: number },
): void {
  answerError(response, refusal.status, refusal);
  readOn(request);
}

/** Reads what is on its way of a body that was answered before it had come. */
export function readOn(request: IncomingMessage): void {
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
      // Clients of tus go on after a 5xx, and give up after a 4xx.
      const isResumable = request.url?.startsWith('/uploads') === true;
      answerError(response, isResumable ? 503 : 408, { code: 'BAD_USER_INPUT', message });
    }
  }, idleMs / 4).unref();
  request.once('end', () => clearInterval(timer)).once('close', () => clearInterval(timer));
}
