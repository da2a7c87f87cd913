import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';
import { z } from 'zod';
import type { MediaStore } from '../media/store.ts';
import type { Upload } from '../media/upload.ts';
import { BodyError, readParts } from './multipart.ts';
import { contentType } from './request-checks.ts';

/** 1 MiB: far above any operation, far below what would hurt. */
const maxBodyBytes = 1_048_576;

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
    `A request body is at most ${maxBodyBytes} bytes; send a recording as multipart/form-data, and much else in several requests.`,
  );
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let total = 0;
  // Not destroyed after its last byte: Node would leave the listeners of this loop on it, for as long as an event stream answers it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBodyBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}

/** `operations` and `map`, and more files than a person sends at once, few enough to hold no disk. */
const bounds = { fields: 2, fieldBytes: maxBodyBytes, files: 10 };

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
  const parts = await readParts(request, media, bounds);
  const [fields, files] = [new Map(parts.fields), new Map(parts.files)];
  const uploads = parts.files.map(([, upload]) => upload);
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
      uploads,
    };
  } catch (error) {
    await Promise.all(uploads.map((upload) => upload.discard()));
    throw error;
  }
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
