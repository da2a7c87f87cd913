import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip as gzipCompress } from 'node:zlib';
import { etag } from 'etag';
import { answerError } from './answer.ts';
import { type FileRequest, isKnown } from './file-response.ts';

const [brotli, gzip] = [promisify(brotliCompress), promisify(gzipCompress)];

/** What GraphiQL opens with: something to ask, something to do, something to follow. */
const firstSteps = `# Phonograph. Run one of these with Ctrl-Enter and choose it by its name.
# Documentation of every field: the book on the left.

query Overview {
  server { version status engine { ready fasterWhisper problem } queue { queued working slots } }
  jobs(first: 10) {
    totalCount
    edges { node { id status media { name durationSeconds } progress { stage fraction } transcript } }
  }
}

# Give a path under a media root of the server; then follow the job by its id.
mutation Transcribe {
  transcribe(input: { media: { path: "jfk.flac" } }) {
    __typename
    ... on TranscribeSuccess { job { id status } }
    ... on Error { code message hint }
  }
}

# Every event of a job, the stored ones first; \`after: N\` goes on from event N.
subscription Follow($id: ID!) {
  jobEvents(id: $id) {
    __typename
    seq
    ... on JobStatusChanged { status }
    ... on JobProgressed { progress { stage fraction etaSeconds } }
    ... on JobLanguageDetected { language { code probability } }
    ... on JobSegmentsAdded { segments { startSeconds endSeconds text } }
  }
}

# Every job that changes, as it changes.
subscription Watch {
  jobChanged { id status progress { stage fraction } }
}
`;

/** Whether a browser asks for the page. */
export function wantsGraphiql({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}

/** The page as it is sent: 9 MB of it are rendered once, and lie here compressed. */
interface Page {
  readonly etag: string;
  readonly policy: string;
  readonly bodies: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>;
}

let page: Promise<Page> | null = null;

async function renderPage(): Promise<Page> {
  // Over SSE what stands in the header editor goes with subscriptions too; the page sends none with a WebSocket.
  const identity = Buffer.from(
    renderGraphiQL({ title: 'Phonograph', defaultQuery: firstSteps, subscriptionsProtocol: 'SSE' }),
  );
  const [br, zipped] = await Promise.all([
    brotli(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    gzip(identity),
  ]);
  return { etag: etag(identity), policy: policyOf(identity.toString()), bodies: { br, gzip: zipped, identity } };
}

/** What the page may do: run its own scripts, told by their hashes, and ask this server. Its editor makes styles, and workers of its own text. */
function policyOf(html: string): string {
  const scripts = [...html.matchAll(/<script>(?<text>[\s\S]*?)<\/script>/gu)].map(
    ({ groups }) => groups?.['text'] ?? '',
  );
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    'font-src data:',
    'img-src data:',
    'worker-src blob: data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The page runs nothing by itself, so it needs no API key; its operations need one, in its header editor. */
export async function answerGraphiql({ request, response, context }: FileRequest): Promise<void> {
  if (!context.config.server.graphiql) {
    answerError(response, 404, { code: 'NOT_FOUND', message: 'GraphiQL is switched off; the API is here.' });
    return;
  }
  const { etag: tag, policy, bodies } = await (page ??= renderPage());
  response.setHeader('content-security-policy', policy);
  response.setHeader('etag', tag);
  // Asked for again at each visit, and answered with 304: a newer server has a newer page.
  response.setHeader('cache-control', 'no-cache');
  response.appendHeader('vary', 'Accept-Encoding');
  if (isKnown(request, response)) {
    response.writeHead(304).end();
    return;
  }
  const encoding = accepted(request.headers['accept-encoding']);
  const body = bodies[encoding];
  if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length });
  response.end(body);
}

function accepted(header: string | string[] | undefined): keyof Page['bodies'] {
  const offered = String(header ?? '')
    .split(',')
    .flatMap((each) => (/;\s*q=0(?:\.0+)?\s*$/u.test(each) ? [] : [each.split(';', 1)[0]?.trim()]));
  return (['br', 'gzip'] as const).find((encoding) => offered.includes(encoding)) ?? 'identity';
}
