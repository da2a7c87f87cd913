import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';
import type { UploadFolder } from '../media/upload.ts';
import type { Upload } from '../media/upload.ts';
import { contentType } from './guard.ts';
import { readMultipart } from './multipart.ts';

/** 1 MiB: far above any operation, far below what would hurt. */
export const maxBodyBytes = 1_048_576;

/** A body that is not read on: `status` and `code` go to the client. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: 400 | 413;
  readonly code: 'BAD_USER_INPUT' | 'PAYLOAD_TOO_LARGE';
  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
    this.code = status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_USER_INPUT';
  }
}

/** A body as GraphQL Yoga takes it: bytes for it to parse, or an operation with the uploads in its variables. */
export type Body =
  | { readonly bytes: Buffer }
  | { readonly operation: GraphQLParams; readonly uploads: readonly Upload[] };

/** Reads a body within its bounds; throws BodyError. */
export async function readBody(request: IncomingMessage, uploads: UploadFolder): Promise<Body> {
  return contentType(request.headers) === 'multipart/form-data' ? readMultipart(request, uploads) : readBytes(request);
}

async function readBytes(request: IncomingMessage): Promise<Body> {
  const tooLarge = new BodyError(
    413,
    `A request body is at most ${maxBodyBytes} bytes; send a recording as multipart/form-data.`,
  );
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBodyBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}
