import type { ServerResponse } from 'node:http';

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
