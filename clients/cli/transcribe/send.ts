import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { type DetailedError, type FileReader, type PreviousUpload, Upload, type UrlStorage } from 'tus-js-client';
import { refusalIn } from '../../js/client.ts';
import type { UploadProgress } from '../../js/upload.ts';
import { CommandError } from '../errors.ts';
import { UnreachableError, type Session } from '../session.ts';
import { writeWhole } from './deliver.ts';
import { stateOf } from './recordings.ts';

const chunkBytes = 256 * 1024;

/** Who sends a file where, and who wants to know how far it is. */
export interface Sending {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: UploadProgress) => void;
}

/**
 * Sends a file by tus, so that what has arrived needs not be sent again: neither after a lost connection nor by a later call, after this one was
 * interrupted. Answers the id of the upload.
 */
export async function sendFile(path: string, { session, signal, onProgress }: Sending): Promise<string> {
  const urlStorage = rememberedUploads();
  const fingerprint = createHash('sha256')
    .update(`${session.url} ${await stateOf(path)}`)
    .digest('hex');
  const send = async () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    await using file = await open(path);
    const upload: Upload = new Upload(new Blob(), {
      fileReader: readerOf(file, reject),
      endpoint: `${session.url}/uploads`,
      headers: session.headers,
      metadata: { filename: basename(path) },
      urlStorage,
      fingerprint: () => Promise.resolve(fingerprint),
      removeFingerprintOnSuccess: true,
      // For lines that break, from the start again after each byte that arrives; a server that is away is waited for by the session.
      retryDelays: [100, 1000, 3000],
      onProgress: (sentBytes, totalBytes) => onProgress({ sentBytes, totalBytes }),
      onError: (error) => reject(toldError(error)),
      onSuccess: () => resolve(upload.url?.split('/').at(-1) ?? ''),
    });
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave);
    try {
      await begin(upload);
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
      await upload.abort().catch(() => undefined); // Whether the server hears of it changes nothing.
    }
  };
  signal.throwIfAborted();
  return await session.persist(send);
}

/**
 * Reads a file that is open. It may become shorter or unreadable while it is sent: the reader of the library would then send nothing for ever, or end
 * the program.
 */
function readerOf(file: FileHandle, onError: (error: Error) => void): FileReader {
  return {
    openFile: async () => {
      const { size } = await file.stat();
      return {
        size,
        slice: (start, end) => {
          const value = Readable.from(bytesOf(file, { start, end }), { objectMode: false }).on('error', onError);
          return Promise.resolve({ value: Object.assign(value, { size: end - start }), done: end >= size });
        },
        close() {},
      };
    },
  };
}

async function* bytesOf(file: FileHandle, { start, end }: { readonly start: number; readonly end: number }) {
  for (let position = start; position < end;) {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Math.min(chunkBytes, end - position)),
      position,
    });
    if (bytesRead === 0) throw new CommandError('It became shorter while it was sent.');
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/**
 * Where uploads that are under way are written down, beyond this call. Each has a file, so that calls side by side have none in common, as in the one
 * file of the library, for which they wait and fail. Where nothing can be kept, an upload begins anew.
 */
function rememberedUploads(): UrlStorage {
  const folder = join(stateHome(), 'phonograph', 'uploads');
  return {
    findAllUploads: () => Promise.resolve([]), // Of all uploads nothing is asked here.
    findUploadsByFingerprint: async (fingerprint) => {
      const found = await readFile(join(folder, fingerprint), 'utf8')
        .then((text): PreviousUpload => ({ ...JSON.parse(text), urlStorageKey: fingerprint }))
        .catch(() => null);
      return found === null ? [] : [found];
    },
    addUpload: async (fingerprint, upload) => {
      await writeWhole(join(folder, fingerprint), JSON.stringify(upload), true).catch(() => undefined);
      return fingerprint;
    },
    removeUpload: (urlStorageKey) => rm(join(folder, urlStorageKey), { force: true }).catch(() => undefined),
  };
}

function stateHome(): string {
  try {
    return process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state');
  } catch {
    return '/nonexistent'; // A user of a container may have no home.
  }
}

async function begin(upload: Upload): Promise<void> {
  const [previous] = await upload.findPreviousUploads();
  if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
  upload.start();
}

/** What the server said; without a word of it, that it was not reached. */
function toldError(error: Error | DetailedError): Error {
  if (!('originalResponse' in error)) return error;
  const { originalResponse: response } = error;
  const status = response?.getStatus() ?? 0;
  // 409 and 423: an earlier request for the same upload is just being ended.
  if (status === 0 || status === 409 || status === 423 || status >= 500) return new UnreachableError(error);
  return refusalIn(response?.getBody() ?? '') ?? error;
}
