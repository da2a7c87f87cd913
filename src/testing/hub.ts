import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';

/** A small Hugging Face hub, with the content network that large files lie with on an origin of its own. Every repository holds the same model. */
export interface TestHub extends AsyncDisposable {
  readonly endpoint: string;
  /** What it was asked, in order. */
  readonly requests: readonly HubRequest[];
  /** The files of its model. A change is a new commit. */
  readonly files: Map<string, Buffer>;
  /** What it makes of the next requests; nothing unusual where it answers undefined. */
  whim: (request: HubRequest) => Whim | undefined;
  /** Settles when it holds an answer back. */
  held(): Promise<void>;
  /** Goes on with the answers that it holds back. */
  release(): void;
  /** Breaks the connections of the answers that it holds back. */
  breakOff(): void;
}

export interface HubRequest {
  readonly host: 'hub' | 'content';
  /** Without what comes after "?". */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Another status; an answer that breaks, or stops, at a byte of the file; bytes that are not those which were promised. */
interface Whim {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cutAt?: number;
  readonly holdAt?: number;
  readonly etag?: string;
  readonly bytes?: Buffer;
}

const large = /\.bin$/u;
const sha = (kind: 'sha1' | 'sha256', ...parts: readonly (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(kind)).digest('hex');
const gitHash = (bytes: Buffer) => sha('sha1', `blob ${bytes.length}\0`, bytes);
const hashes = new WeakMap<Buffer, string>();

/** Reckoned once for each file: real models are large. */
function largeHash(bytes: Buffer): string {
  const hash = hashes.get(bytes) ?? sha('sha256', bytes);
  hashes.set(bytes, hash);
  return hash;
}

/** A model that engines of fixtures take for one, and what else lies in such repositories. */
function smallModel(): Map<string, Buffer> {
  const noise = Buffer.from(Array.from({ length: 6250 }, (_, at) => sha('sha256', String(at))).join(''), 'hex');
  const texts = [
    'config.json',
    'tokenizer.json',
    'vocabulary.txt',
    'README.md',
    '.gitattributes',
    '../vocabulary.json',
  ];
  return new Map([['model.bin', noise], ...texts.map((name) => [name, Buffer.from(`${name}\n`.repeat(99))] as const)]);
}

/** Opens a hub; with a `token` it answers nobody without. */
export async function openTestHub({
  files = smallModel(),
  token,
}: { files?: Map<string, Buffer>; token?: string } = {}): Promise<TestHub> {
  const requests: HubRequest[] = [];
  const events = new EventEmitter().setMaxListeners(0);
  const commit = () => sha('sha1', ...[...files].flatMap(([name, bytes]) => [name, largeHash(bytes)]));
  const content = await listen((request, response) => {
    const met = meet('content', request);
    // As S3 does: a signed address and a token are one proof too many.
    if (met.request.headers.authorization !== undefined) return end(response, 400);
    const bytes = [...files.values()].find((each) => largeHash(each) === met.request.path.slice(1));
    return bytes === undefined
      ? end(response, 404)
      : send(met, response, { bytes, etag: `"${met.request.path.slice(1)}"` });
  });
  const hub = await listen((request, response) => {
    const met = meet('hub', request);
    const { path, headers } = met.request;
    const { status, headers: more } = met.whim;
    if (status !== undefined) return end(response, status, more);
    if (token !== undefined && headers.authorization !== `Bearer ${token}`) return end(response, 401);
    if (path.startsWith('/api/models/')) return end(response, 200, {}, JSON.stringify(describe()));
    const name = path.split('/').at(-1) ?? '';
    const bytes = files.get(name);
    if (bytes === undefined || !path.includes(commit())) return end(response, 404);
    if (path.startsWith('/api/resolve-cache/')) return send(met, response, { bytes, etag: `"${gitHash(bytes)}"` });
    if (!large.test(name))
      return end(response, 307, { location: `/api/resolve-cache/models${path.replace('/resolve', '')}` });
    const address = `${urlOf(content)}/${sha('sha256', bytes)}?X-Amz-Signature=secret`;
    return end(response, 302, {
      location: address,
      'x-repo-commit': commit(),
      'x-linked-size': String(bytes.length),
      'x-linked-etag': `"${largeHash(bytes)}"`,
    });
  });

  function meet(host: HubRequest['host'], { url = '', headers }: IncomingMessage) {
    const request = { host, path: url.split('?')[0] ?? '', headers };
    requests.push(request);
    return { request, whim: opened.whim(request) ?? {} };
  }

  function describe() {
    const siblings = [...files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitHash(bytes),
      ...(large.test(rfilename) && { lfs: { sha256: largeHash(bytes), size: bytes.length, pointerSize: 134 } }),
    }));
    return { sha: commit(), siblings };
  }

  async function send(
    { request, whim }: Met,
    response: ServerResponse,
    file: { bytes: Buffer; etag: string },
  ): Promise<void> {
    const { status, headers, cutAt, holdAt } = whim;
    if (status !== undefined) return end(response, status, headers);
    const [bytes, etag] = [whim.bytes ?? file.bytes, whim.etag ?? file.etag];
    const asked = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    const start = (request.headers['if-range'] ?? etag) === etag ? asked : 0;
    if (start >= bytes.length && start > 0) return end(response, 416, { 'content-range': `bytes */${bytes.length}` });
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(start > 0 ? 206 : 200, {
      etag,
      'accept-ranges': 'bytes',
      'content-length': bytes.length - start,
      ...(start > 0 && { 'content-range': range }),
    });
    const stop = cutAt ?? holdAt ?? bytes.length;
    // The headers reach the client also where no byte follows.
    response.flushHeaders();
    if (stop > start)
      await new Promise((resolve) => {
        response.write(bytes.subarray(start, stop), resolve);
      });
    if (cutAt !== undefined) {
      response.destroy();
      return;
    }
    if (holdAt !== undefined) {
      const released = once(events, 'released');
      events.emit('held');
      const [goesOn] = await released;
      if (goesOn !== true) {
        response.destroy();
        return;
      }
    }
    response.end(bytes.subarray(Math.max(start, stop)));
  }

  const opened: TestHub = {
    endpoint: urlOf(hub),
    requests,
    files,
    whim: () => undefined,
    held: async () => {
      await once(events, 'held');
    },
    release: () => {
      events.emit('released', true);
    },
    breakOff: () => {
      events.emit('released', false);
    },
    async [Symbol.asyncDispose]() {
      for (const server of [hub, content]) {
        server.closeAllConnections();
        await new Promise((resolve) => {
          server.close(resolve);
        });
      }
    },
  };
  return opened;
}

interface Met {
  readonly request: HubRequest;
  readonly whim: Whim;
}

function end(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): void {
  response.writeHead(status, headers).end(body);
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<Server> {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request, response)).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function urlOf(server: Server): string {
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('it listens on no port');
  return `http://127.0.0.1:${at.port}`;
}
