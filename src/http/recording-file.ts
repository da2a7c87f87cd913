import type { IncomingMessage } from 'node:http';
import { etag } from 'etag';
import mime from 'mime';
import { parse } from 'range-parser';
import { RequestError } from '../errors.ts';
import type { Job, Media } from '../jobs/job.ts';
import { answerError } from './answer.ts';
import { disposition, type FileRequest, isKnown, streamBody } from './file-response.ts';

/** A browser plays a recording on a page that it makes itself: the page may fetch the recording. A sandbox has no origin, and may not. */
const policyOfPlayer = "default-src 'none'; media-src 'self'";
/** Whatever another file turns out to be, it runs nothing and fetches nothing. */
const policyOfBytes = "default-src 'none'; sandbox";

/** Answers with the recording of a job, or the one range of it that is asked for, for a player that seeks. */
export async function answerRecording({ request, response, context }: FileRequest, job: Job): Promise<void> {
  await using recording = await context.media.open(job.media);
  if (recording === null) throw new RequestError('NOT_FOUND', 'The server does not have this recording any more.');
  const { bytes, modifiedAt } = recording;
  const validators = { etag: etag(`${bytes} ${modifiedAt.getTime()}`), lastModified: modifiedAt.toUTCString() };
  response.setHeader('etag', validators.etag);
  response.setHeader('last-modified', validators.lastModified);
  response.setHeader('cache-control', 'private, no-cache');
  response.setHeader('accept-ranges', 'bytes');
  if (isKnown(request, response)) {
    response.writeHead(304).end();
    return;
  }
  const range = rangeOf(request, bytes, validators);
  if (range === 'UNSATISFIABLE') {
    response.setHeader('content-range', `bytes */${bytes}`);
    return answerError(response, 416, { code: 'BAD_USER_INPUT', message: `The recording has ${bytes} bytes.` });
  }
  const type = typeOf(job.media);
  response.setHeader('content-type', type ?? 'application/octet-stream');
  response.setHeader('content-security-policy', type === null ? policyOfBytes : policyOfPlayer);
  response.setHeader('content-disposition', disposition(job.media.name, 'inline'));
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  const length = end - start + 1;
  response.setHeader('content-length', length);
  if (range !== null) response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${bytes}` });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const body = recording.read(start, end);
  await streamBody(body, response);
  // Of a file that has become shorter the client would wait for the rest.
  if (body.bytesRead < length) request.socket.destroy();
}

interface Validators {
  readonly etag: string;
  readonly lastModified: string;
}

interface Range {
  readonly start: number;
  /** Of its last byte. */
  readonly end: number;
}

/** The range that is asked for (RFC 9110, 14.2); null = all of it, also where several are, or what is asked for is no range or of another version. */
function rangeOf(
  { method, headers }: IncomingMessage,
  size: number,
  validators: Validators,
): Range | 'UNSATISFIABLE' | null {
  if (method !== 'GET' || headers.range === undefined || !isSame(headers['if-range'], validators)) return null;
  const { code, type, ranges } = parse(size, headers.range);
  const isMalformed = (code & 1) === 1;
  if (type !== 'bytes' || isMalformed || ranges.length > 1) return null;
  return ranges[0] ?? 'UNSATISFIABLE';
}

/** Whether what the client has a part of is what is there now (If-Range); a weak tag never is. */
function isSame(held: string | string[] | undefined, { etag: tag, lastModified }: Validators): boolean {
  return held === undefined || held === tag || held === lastModified;
}

/** By the name of the file, else by what the engine found it to be; null for what is neither audio nor video. */
function typeOf({ name, container }: Media): string | null {
  const types = [name, ...(container ?? '').split(',')].map((each) => mime.getType(each));
  return types.find((type) => type !== null && /^(?:audio|video)\//u.test(type)) ?? null;
}
