import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { GraphQLParams } from 'graphql-yoga';
import { z } from 'zod';
import { ExpectedError, StorageFullError } from '../errors.ts';
import type { MediaStore } from '../media/store.ts';
import type { Upload } from '../media/upload.ts';
import { contentType } from './request-checks.ts';

/** 1 MiB: far above any operation, far below what would hurt. */
const maxBodyBytes = 1_048_576;

const bodyCodes = { 400: 'BAD_USER_INPUT', 413: 'PAYLOAD_TOO_LARGE', 503: 'SERVICE_UNAVAILABLE' } as const;

/** A body that is not read on: `status` and `code` go to the client. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: keyof typeof bodyCodes;
  readonly code: (typeof bodyCodes)[keyof typeof bodyCodes];
  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
    this.code = bodyCodes[status];
  }
}

/** A body as GraphQL Yoga takes it: bytes for it to parse, or an operation with the uploads in its variables. */
export type Body =
  | { readonly bytes: Buffer }
  | { readonly operation: GraphQLParams; readonly uploads: readonly Upload[] };

/** Reads a body within its bounds; throws BodyError. */
export async function readBody(request: IncomingMessage, media: Pick<MediaStore, 'receive'>): Promise<Body> {
  return contentType(request.headers) === 'multipart/form-data' ? readMultipart(request, media) : readBytes(request);
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

/** More than a person sends at once, few enough to hold no disk. */
const maxFiles = 10;

const operationSchema = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});
const mapSchema = z.record(z.string(), z.array(z.string().startsWith('variables.')).min(1));

/**
 * Reads an upload per the GraphQL multipart request specification: fields `operations` and `map`, then the files, each streamed to disk.
 *
 * Throws BodyError where the parts do not fit together; files received until then are discarded.
 */
async function readMultipart(request: IncomingMessage, media: Pick<MediaStore, 'receive'>): Promise<Body> {
  const { fields, files } = await readParts(request, media);
  try {
    const operation = parse(operationSchema, fields.get('operations'), 'operations');
    for (const [name, paths] of Object.entries(parse(mapSchema, fields.get('map'), 'map'))) {
      const upload = files.get(name);
      if (upload === undefined) throw new BodyError(400, 'A file that "map" names is missing.');
      // Two jobs cannot keep one file each.
      if (paths.length > 1) throw new BodyError(400, '"map" names two places for one file; send the file twice.');
      for (const path of paths) place(operation, path, upload);
    }
    const { query, operationName, variables } = operation;
    return {
      operation: { query, ...(operationName ? { operationName } : {}), ...(variables ? { variables } : {}) },
      uploads: [...files.values()],
    };
  } catch (error) {
    await Promise.all([...files.values()].map((upload) => upload.discard()));
    throw error;
  }
}

interface Parts {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Upload>;
}

async function readParts(request: IncomingMessage, media: Pick<MediaStore, 'receive'>): Promise<Parts> {
  const fields = new Map<string, string>();
  const streams: BusboyFileStream[] = [];
  const files = new Map<string, Upload>();
  const receiving: Promise<unknown>[] = [];
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  const parser = openParser(request);
  parser.on('field', (name, value, nameTruncated, valueTruncated) => {
    if (nameTruncated || valueTruncated) reject(new BodyError(413, `A field is at most ${maxBodyBytes} bytes.`));
    fields.set(name, value);
  });
  parser.on('file', (name, stream, filename: string | undefined) => {
    streams.push(stream);
    // A stream without a listener ends the process when it breaks, and it may break before `receive` reads it: `receive` then throws this error.
    stream.on('error', () => undefined);
    const receipt = media.receive(sentName(filename ?? ''), stream).then((upload) => files.set(name, upload));
    receipt.catch((error: unknown) => reject(error instanceof ExpectedError ? refused(error) : error));
    receiving.push(receipt);
  });
  parser.on('filesLimit', () => reject(new BodyError(400, `A request carries at most ${maxFiles} files.`)));
  parser.on('finish', resolve).on('error', (error) => reject(broken(error)));
  // Not by `complete`: what has arrived and was not read yet goes with the connection.
  request.on('close', () => request.readableEnded || reject(broken(new Error('the request ended early'))));
  request.pipe(parser);
  try {
    await finished;
    await Promise.all(receiving);
    return { fields, files };
  } catch (error) {
    request.unpipe(parser);
    for (const stream of streams) stream.destroy(broken(error));
    await Promise.allSettled(receiving);
    await Promise.all([...files.values()].map((upload) => upload.discard()));
    throw error;
  }
}

/** A file name as it was before a browser wrote a quote and line ends of it as %22, %0D and %0A, and nothing else (HTML, multipart/form-data encoding algorithm). */
function sentName(filename: string): string {
  return filename.replaceAll(/%(?:22|0D|0A)/gu, decodeURIComponent);
}

function openParser({ headers }: IncomingMessage): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      limits: { fields: 2, fieldSize: maxBodyBytes, fieldNameSize: 100, files: maxFiles, parts: maxFiles + 2 },
    });
  } catch (cause) {
    throw broken(cause);
  }
}

/** A recording that was refused, and that does not end. */
function refused(error: ExpectedError): BodyError {
  return new BodyError(error instanceof StorageFullError ? 503 : 413, error.message);
}

function broken(cause: unknown): BodyError {
  const error = new BodyError(400, 'The multipart body cannot be read.');
  error.cause = cause;
  return error;
}

function parse<T>(schema: z.ZodType<T>, text: string | undefined, field: string): T {
  try {
    return schema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    const error = new BodyError(
      400,
      `The multipart field "${field}" does not follow the GraphQL multipart request specification.`,
    );
    error.cause = cause;
    throw error;
  }
}

/** Puts an upload where the client left a null for it, and nowhere else. */
function place(operation: object, path: string, upload: Upload): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let parent: unknown = operation;
  for (const key of keys) parent = isHolder(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
  if (!isHolder(parent) || !Object.hasOwn(parent, last) || parent[last] !== null) {
    throw new BodyError(400, '"map" names a place in the variables that holds no null.');
  }
  parent[last] = upload;
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
