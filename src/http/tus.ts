import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { Server } from '@tus/server';
import { nanoid } from 'nanoid';
import type { Context } from '#resolvers/context.ts';
import { allows } from '#schema/scopes.ts';
import type { Caller } from '../config/api-key.ts';
import { RequestError, StorageFullError } from '../errors.ts';
import { tellFullDisk } from '../logs/log.ts';
import { cleanName, shortened } from '../media/file-name.ts';
import { uploadId } from '../media/resumable-uploads.ts';
import { answerEarly, readOn, statusOf, type Told } from './answer.ts';
import type { FileRequest } from './file-response.ts';
import { preflightSeconds } from './request-checks.ts';

/** A request for resumable uploads, and who asks. */
export interface TusRequest extends FileRequest {
  readonly caller: Caller;
}

/** Of the protocol (tus.io/protocols/resumable-upload). */
const version = '1.0.0';

/**
 * Who still sends is cut off so long after somebody else asks for the same upload. Mostly that is the same client, whose connection broke without the server
 * having heard of it; two clients that send the same upload take turns, and each brings it further.
 */
const turnMs = 1000;

/** Uploads of somebody who has too many come to their end at any time. */
const fewerAfterSeconds = 60;

/** Answers tus 1.0: POST /uploads begins an upload; HEAD of /uploads/ID tells how far it is, PATCH goes on with it, DELETE ends it. */
export async function answerTus(asked: TusRequest): Promise<void> {
  const { request, response, context } = asked;
  response.setHeader('access-control-expose-headers', exposed.join(', '));
  response.setHeader('tus-resumable', version);
  response.setHeader('cache-control', 'no-store');
  try {
    await answerUpload(asked);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    if (error instanceof StorageFullError) tellFullDisk(context.log);
    if (refusal.status === 429) response.setHeader('retry-after', String(fewerAfterSeconds));
    // Whoever sent no more was answered already.
    if (!response.headersSent) answerEarly(request, response, refusal);
  }
}

async function answerUpload({ request, response, context, caller }: TusRequest): Promise<void> {
  const { method = '' } = request;
  const id = idOf(request);
  const methods = id === null ? ['OPTIONS', 'POST'] : ['OPTIONS', 'HEAD', 'PATCH', 'DELETE'];
  if (!methods.includes(method)) {
    response.setHeader('allow', methods.join(', '));
    throw new TusError(405, `This is for ${methods.join(', ')}.`);
  }
  if (method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', methods.join(', '));
    response.setHeader('access-control-allow-headers', 'authorization, *');
    response.setHeader('access-control-max-age', String(preflightSeconds));
  } else if (request.headers['tus-resumable'] !== version) {
    // A browser asks before it sends this header across origins, so a page of another site cannot.
    response.setHeader('tus-version', version);
    throw new TusError(412, `Send the header Tus-Resumable: ${version}.`);
  } else if (!allows('write', caller.role)) {
    throw new RequestError('FORBIDDEN', `An API key of the role ${caller.role} uploads nothing.`);
  }
  const body = bodyOf(request);
  try {
    const told = await serverFor(id ?? nanoid(), context, caller).handleWeb(webRequest(request, body));
    if (told.status >= 400) throw new TusError(told.status, await told.text());
    if (response.headersSent) return;
    const headers = exposed.flatMap((name) => (told.headers.has(name) ? [[name, told.headers.get(name) ?? '']] : []));
    response.writeHead(told.status, Object.fromEntries(headers)).end();
  } finally {
    request.unpipe(body);
  }
  readOn(request);
}

/** The id of an upload that a path has, whether there is one or not; null for the path of all. Throws NOT_FOUND. */
function idOf({ url = '' }: IncomingMessage): string | null {
  const [path = ''] = url.split('?', 1);
  const id = path.slice('/uploads/'.length);
  if (id === '') return null;
  if (uploadId.test(id)) return id;
  throw new RequestError('NOT_FOUND', 'There is no upload with this id.');
}

/** What speaks the protocol about one upload, as a caller has it: to everybody else the same id is another one. */
function serverFor(id: string, { uploads, config }: Context, { name }: Caller): Server {
  const { maxUploadBytes, publicUrl } = config.server;
  const key = uploads.keyOf(name, id);
  const prefix = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/u, '');
  return new Server({
    path: '/uploads',
    datastore: uploads.files,
    locker: uploads.locks,
    lockDrainTimeout: turnMs,
    maxSize: maxUploadBytes,
    namingFunction: () => key,
    getFileIdFromRequest: () => key,
    generateUrl: () => `${prefix}/uploads/${id}`,
    onUploadCreate: async (_, { metadata = {} }) => ({ metadata: cleaned(metadata) }),
    onResponseError(_, error) {
      throw 'status_code' in error ? new TusError(error.status_code, error.body) : error;
    },
  });
}

/** What a client says of a recording: of all that it may say, its name and its type are kept. */
function cleaned({ filename, filetype }: Readonly<Record<string, string | null>>): Record<string, string> {
  return {
    ...(filename ? { filename: cleanName(filename) } : {}),
    ...(filetype ? { filetype: shortened(filetype.replaceAll(/\p{Cc}/gu, ''), 255) } : {}),
  };
}

/** A body that ends where the connection does: what came until then is kept, and the upload is free for the next request at once. */
function bodyOf(request: IncomingMessage): PassThrough {
  // Whoever reads it may let go of it before its end.
  const body = new PassThrough().on('error', () => undefined);
  request.pipe(body);
  request.once('close', () => body.end());
  return body;
}

/** What @tus/server reads. No other header reaches it, since it looks at those of proxies too. */
const read = [
  'content-length',
  'content-type',
  'tus-resumable',
  'upload-concat',
  'upload-defer-length',
  'upload-length',
  'upload-metadata',
  'upload-offset',
];

/** What it tells. */
const exposed = [
  'location',
  'tus-extension',
  'tus-max-size',
  'tus-resumable',
  'tus-version',
  'upload-expires',
  'upload-length',
  'upload-metadata',
  'upload-offset',
];

function webRequest({ method = '', headers }: IncomingMessage, body: PassThrough): Request {
  const given = read.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])] as const]));
  const hasBody = method === 'POST' || method === 'PATCH';
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same class, as Node and as browsers describe it
  const stream = Readable.toWeb(body) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Request('http://localhost/uploads', {
    method,
    headers: Object.fromEntries(given),
    ...(hasBody ? { body: stream, duplex: 'half' } : {}),
  });
}

/** An error that the protocol knows. */
class TusError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message.trim());
    this.status = status;
  }
}

const codes: Readonly<Record<number, string>> = {
  404: 'NOT_FOUND',
  410: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  501: 'NOT_IMPLEMENTED',
};

/** How an error is answered; null where it is none that a client is told of. */
function refusalOf(error: unknown): (Told & { readonly status: number }) | null {
  if (error instanceof RequestError) {
    const { code, message, hint } = error;
    return { status: statusOf(error), code, message: hint === null ? message : `${message} ${hint}` };
  }
  // After a 5xx a client tries again, and goes on where it was.
  if (error instanceof StorageFullError) return { status: 503, code: 'SERVICE_UNAVAILABLE', message: error.message };
  if (!(error instanceof TusError) || error.status === 500) return null;
  return { status: error.status, code: codes[error.status] ?? 'BAD_USER_INPUT', message: error.message };
}
