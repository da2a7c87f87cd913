import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { ExpectedError, StorageFullError } from '../errors.ts';
import type { MediaStore } from '../media/store.ts';
import type { Upload } from '../media/upload.ts';

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

/** The parts of a body with their names, in the order in which they came. */
interface Parts {
  readonly fields: readonly (readonly [string, string])[];
  readonly files: readonly (readonly [string, Upload])[];
}

/** How many parts there may be, and how large fields are; files are bounded by who receives them. Fields beyond their number are not read. */
interface Bounds {
  readonly fields: number;
  readonly fieldBytes: number;
  readonly files: number;
}

/**
 * Reads a multipart/form-data body, whose files are streamed to disk. Throws BodyError; files received until then are discarded.
 */
export async function readParts(
  request: IncomingMessage,
  media: Pick<MediaStore, 'receive'>,
  bounds: Bounds,
): Promise<Parts> {
  const fields: [string, string][] = [];
  const streams: BusboyFileStream[] = [];
  const files: [string, Upload][] = [];
  const receiving: Promise<unknown>[] = [];
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  const parser = openParser(request, bounds);
  parser.on('field', (name, value, nameTruncated, valueTruncated) => {
    if (nameTruncated || valueTruncated) reject(new BodyError(413, `A field is at most ${bounds.fieldBytes} bytes.`));
    fields.push([name, value]);
  });
  parser.on('file', (name, stream, filename: string | undefined) => {
    streams.push(stream);
    // A stream without a listener ends the process when it breaks, and it may break before `receive` reads it: `receive` then throws this error.
    stream.on('error', () => undefined);
    const receipt = media.receive(sentName(filename ?? ''), stream).then((upload) => files.push([name, upload]));
    receipt.catch((error: unknown) => reject(error instanceof ExpectedError ? refused(error) : error));
    receiving.push(receipt);
  });
  parser.on('filesLimit', () =>
    reject(new BodyError(400, `A request carries at most ${bounds.files} ${bounds.files === 1 ? 'file' : 'files'}.`)),
  );
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
    await Promise.all(files.map(([, upload]) => upload.discard()));
    throw error;
  }
}

/** A file name as it was before a browser wrote a quote and line ends of it as %22, %0D and %0A, and nothing else (HTML, multipart/form-data encoding algorithm). */
function sentName(filename: string): string {
  return filename.replaceAll(/%(?:22|0D|0A)/gu, decodeURIComponent);
}

function openParser({ headers }: IncomingMessage, { fields, fieldBytes, files }: Bounds): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      limits: { fields, fieldSize: fieldBytes, fieldNameSize: 100, files, parts: files + fields },
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
