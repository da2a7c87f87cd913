import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

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
