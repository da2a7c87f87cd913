import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create } from 'content-disposition';
import filenamify from 'filenamify';
import fresh from 'fresh';
import type { Context } from '#resolvers/context.ts';
import { shortened } from '../media/file-name.ts';

/** A request for a file, on its way to the answer. */
export interface FileRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: Context;
  /** The span of the request (W3C Trace Context); null where it has none. */
  readonly traceparent: string | null;
}

/** Whether the client has what it asks for already, by the validators that the answer has been given. */
export function isKnown({ headers }: IncomingMessage, response: ServerResponse): boolean {
  // `fetch` adds no-cache to a request with a validator, which speaks to caches on the way, not to us.
  return fresh({ ...headers, 'cache-control': undefined }, response.getHeaders());
}

/** In UTF-16 units, with room for an ending: in no script more than the 255 bytes that file systems take. */
const maxLength = 72;

/** What a browser does with a file, and by which name it keeps it; `name` may be anything. A long name keeps its end, and all keep `ending`. */
export function disposition(name: string, type: 'attachment' | 'inline', ending = ''): string {
  const safe = filenamify(name, { replacement: ' ', maxLength: Number.POSITIVE_INFINITY });
  const stem = shortened(safe.replaceAll(/\s+/gu, ' ').replace(/^[. ]+/u, ''), maxLength);
  return create(stem + ending, { type });
}

/** Sends a body to its end. A client that leaves ends it, which is no error. */
export async function streamBody(body: Readable, response: ServerResponse): Promise<void> {
  try {
    await pipeline(body, response);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    throw error;
  }
}
