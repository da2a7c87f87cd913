import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip as gzipCompress } from 'node:zlib';
import { etag } from 'etag';
import { type FileRequest, isKnown } from '../file-response.ts';

const [brotli, gzip] = [promisify(brotliCompress), promisify(gzipCompress)];

/** Something for a browser that is made once, and lies here compressed: to compress it for each request would be the cheapest way to stop a server. */
export interface StoredPage {
  readonly etag: string;
  readonly bodies: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>;
}

export async function storePage(identity: Buffer): Promise<StoredPage> {
  const [br, zipped] = await Promise.all([
    brotli(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    gzip(identity),
  ]);
  return { etag: etag(identity), bodies: { br, gzip: zipped, identity } };
}

interface Answer {
  readonly type: string;
  readonly policy?: string;
  /** What a browser may keep without asking; where absent it asks again at each visit, and is answered with 304: a newer server has a newer page. */
  readonly cacheControl?: string;
}

/** Answers with a page, as compressed as the browser takes it. */
export function answerPage(
  { request, response }: FileRequest,
  { etag: tag, bodies }: StoredPage,
  { type, policy, cacheControl = 'no-cache' }: Answer,
): void {
  if (policy !== undefined) response.setHeader('content-security-policy', policy);
  response.setHeader('etag', tag);
  response.setHeader('cache-control', cacheControl);
  response.appendHeader('vary', 'Accept-Encoding');
  if (isKnown(request, response)) {
    response.writeHead(304).end();
    return;
  }
  const encoding = accepted(request.headers['accept-encoding']);
  const body = bodies[encoding];
  if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
  response.writeHead(200, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}

function accepted(header: IncomingMessage['headers'][string]): keyof StoredPage['bodies'] {
  const offered = String(header ?? '')
    .split(',')
    .flatMap((each) => (/;\s*q=0(?:\.0+)?\s*$/u.test(each) ? [] : [each.split(';', 1)[0]?.trim()]));
  return (['br', 'gzip'] as const).find((encoding) => offered.includes(encoding)) ?? 'identity';
}
