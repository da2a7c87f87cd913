import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { type Config, s3Place } from '../../config/config.ts';
import { isNotThere, mayPass, unavailable } from './errors.ts';

export type S3Settings = Pick<
  Config['server'],
  'mediaStore' | 's3Endpoint' | 's3Region' | 's3PathStyle' | 'maxUploadBytes'
>;

/** What is told of an object. */
export interface ObjectLook {
  readonly bytes: number;
  readonly modifiedAt: Date;
  readonly etag: string;
  /** In hex, where it was known before the object was written; else null. */
  readonly sha256: string | null;
}

/** An object that is listed. */
export interface Listed {
  readonly key: string;
  readonly modifiedAt: Date;
}

/** Where objects are, and what is asked there. */
export interface Bucket {
  readonly client: S3;
  readonly name: string;
  /** What goes before every key of ours. */
  readonly prefix: string;
}

/** S3 takes parts of 5 MiB or more, and 10,000 of them (docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). */
const [smallestPartBytes, mostParts] = [5_242_880, 10_000];

/** Parts of one upload that are on their way at a time: each is held in memory, so that it can be sent again. */
const partsAtATime = 2;

/** Between the tries of one request the SDK waits up to 0.1 s, and each time up to twice as long: about three seconds in all. */
const maxTries = 7;

/** What goes wrong with S3, for the log: what the answer has beside, such as the key id of who asked, belongs there no more than a password. */
export interface Trouble {
  readonly code: string;
  readonly text: string;
}

/** Opens a bucket. Nothing is asked yet: it may be away, and come back; what goes wrong is told at most once a minute. */
export function openBucket(
  { mediaStore, s3Endpoint, s3Region, s3PathStyle }: S3Settings,
  onTrouble: (trouble: Trouble) => void,
): Bucket & Disposable {
  const { bucket = '', prefix = '' } = s3Place.exec(mediaStore ?? '')?.groups ?? {};
  // Amazon has a region in each address; other servers take any.
  const region = s3Region ?? (s3Endpoint === null ? null : 'us-east-1');
  const settings: S3ClientConfig = {
    ...(s3Endpoint === null ? {} : { endpoint: s3Endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: s3PathStyle,
    maxAttempts: maxTries,
    // Other servers than Amazon's do not all know the checksums that the SDK would add by itself.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 3000,
      socketTimeout: 30_000,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  };
  const client = new S3(settings);
  let toldMs = Number.NEGATIVE_INFINITY;
  const tell = (error: unknown) => {
    const now = performance.now();
    if (!(error instanceof Error) || error.name === 'AbortError' || isNotThere(error) || now - toldMs < 60_000) return;
    toldMs = now;
    onTrouble({ code: error.name, text: error.message });
  };
  client.middlewareStack.add(
    (next) => (args) =>
      next(args).catch((error: unknown) => {
        tell(error);
        throw error;
      }),
    { step: 'initialize' },
  );
  const trimmed = prefix.replaceAll(/^\/+|\/+$/gu, '');
  return {
    client,
    name: bucket,
    prefix: trimmed === '' ? '' : `${trimmed}/`,
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** Players hold a connection each as long as they play; what waits for one would wait for the slowest of them. */
const maxSockets = 1000;

/** Asks for something, and tells what goes wrong as one error that a client understands. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}

/** Why a bucket cannot be used, for whoever runs the server; null where it can. */
export async function problemOf({ client, name }: Bucket, signal: AbortSignal): Promise<string | null> {
  try {
    await client.headBucket({ Bucket: name }, { abortSignal: signal });
    return null;
  } catch (error) {
    if (isNotThere(error)) return `The bucket ${name} of the recordings is not there. Make it, or correct mediaStore.`;
    const reason = error instanceof Error ? error.name : String(error);
    return `The bucket ${name} of the recordings does not answer, or refuses this server (${reason}). Check that it runs, s3Endpoint, and the credentials; what needs a recording waits, or is answered with SERVICE_UNAVAILABLE.`;
  }
}

/** What is told of an object; null where there is none. */
export async function lookAt({ client, name }: Bucket, key: string): Promise<ObjectLook | null> {
  try {
    const head = await client.headObject({ Bucket: name, Key: key });
    const { ContentLength: bytes = 0, LastModified: modifiedAt = new Date(0), ETag: etag = '' } = head;
    return { bytes, modifiedAt, etag, sha256: head.Metadata?.['sha256'] ?? null };
  } catch (error) {
    if (isNotThere(error)) return null;
    throw unavailable(error);
  }
}

/**
 * Writes an object, of parts where it is large: it is there as a whole when this returns, and nothing of it before. An error of the bytes themselves passes
 * through. Parts whose abort failed, too, are swept.
 */
export async function writeObject(
  { client, name }: Bucket,
  {
    key,
    bytes,
    maxBytes,
    sha256 = null,
  }: {
    readonly key: string;
    readonly bytes: AsyncIterable<Uint8Array>;
    readonly maxBytes: number;
    readonly sha256?: string | null;
  },
): Promise<void> {
  let broken: { readonly error: unknown } | null = null;
  async function* watched(): AsyncGenerator<Uint8Array> {
    const source = bytes[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await source.next().catch((error: unknown) => {
          broken = { error };
          throw error;
        });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await source.return?.();
    }
  }
  const upload = new Upload({
    client,
    params: {
      Bucket: name,
      Key: key,
      Body: Readable.from(watched(), { objectMode: false }),
      ...(sha256 === null ? {} : { Metadata: { sha256 } }),
    },
    partSize: Math.max(smallestPartBytes, Math.ceil(maxBytes / mostParts)),
    queueSize: partsAtATime,
  });
  try {
    await upload.done();
  } catch (error) {
    throw originOf(broken) ?? unavailable(error);
  }
}

function originOf(broken: { readonly error: unknown } | null): unknown {
  return broken?.error;
}

/** Failures in a row after which reading is given up, and the pause after the first, doubled after each further one. */
const [maxFailures, pauseMs] = [6, 200];

/** The bytes of an object from `start` to `end`, both included. Where the connection breaks it is asked for the rest; another object under the same key ends it. */
export function readObject(
  { client, name }: Bucket,
  {
    key,
    etag,
    start,
    end,
    signal,
  }: {
    readonly key: string;
    readonly etag: string;
    readonly start: number;
    readonly end: number;
    readonly signal?: AbortSignal | undefined;
  },
): Readable & { readonly bytesRead: number } {
  let at = start;
  async function readOn(failures: number): Promise<AsyncIterable<Uint8Array>> {
    if (failures > 0) await sleep(pauseMs * 2 ** (failures - 1), undefined, signal && { signal });
    const answer = await client.getObject(
      { Bucket: name, Key: key, Range: `bytes=${at}-${end}` },
      signal && { abortSignal: signal },
    );
    if (answer.ETag !== etag) throw unavailable(new Error('the object was replaced'));
    if (!(answer.Body instanceof Readable)) throw new Error('the answer has no body');
    return answer.Body as AsyncIterable<Uint8Array>;
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let failures = 0; at <= end;) {
      try {
        for await (const chunk of await readOn(failures)) {
          at += chunk.length;
          failures = 0;
          yield chunk;
        }
        if (at <= end) throw new Error('the answer ended early');
      } catch (error) {
        signal?.throwIfAborted();
        failures += 1;
        if (failures === maxFailures || !mayPass(error)) throw unavailable(error);
      }
    }
  }
  return Object.defineProperty(Readable.from(chunks(), { objectMode: false }), 'bytesRead', {
    get: () => at - start,
  }) as Readable & { readonly bytesRead: number };
}

/** What one request copies at most. */
const largestCopyBytes = 5 * 1_073_741_824;

/** Gives an object a second key, without its bytes passing here but for the largest. */
export async function copyObject(
  bucket: Bucket,
  {
    from,
    to,
    look,
    maxBytes,
  }: {
    readonly from: string;
    readonly to: string;
    readonly look: ObjectLook;
    readonly maxBytes: number;
  },
): Promise<void> {
  const { bytes, etag } = look;
  if (bytes > largestCopyBytes) {
    const read = readObject(bucket, { key: from, etag, start: 0, end: bytes - 1 });
    return writeObject(bucket, { key: to, bytes: read, maxBytes });
  }
  const source = `${bucket.name}/${from}`.split('/').map(encodeURIComponent).join('/');
  await asked(bucket.client.copyObject({ Bucket: bucket.name, Key: to, CopySource: source }));
}

/** Removes objects, whether they are there or not. */
export async function removeObjects({ client, name }: Bucket, keys: readonly string[]): Promise<void> {
  for (const key of keys) await asked(client.deleteObject({ Bucket: name, Key: key }));
}

/** Objects whose keys begin so, in pages. For sweeping alone: a listing takes as long as there are objects. */
export async function* listObjects({ client, name }: Bucket, prefix: string): AsyncGenerator<readonly Listed[]> {
  for (let token: string | undefined; ;) {
    const page = await asked(
      client.listObjectsV2({ Bucket: name, Prefix: prefix, ...(token !== undefined && { ContinuationToken: token }) }),
    );
    yield (page.Contents ?? []).map(({ Key: key = '', LastModified: modifiedAt = new Date() }) => ({
      key,
      modifiedAt,
    }));
    token = page.NextContinuationToken;
    if (page.IsTruncated !== true || token === undefined) return;
  }
}

/** Throws away what has come of objects that were begun before a time and never finished: their servers were killed. */
export async function abortOldUploads({ client, name, prefix }: Bucket, before: Date): Promise<void> {
  for (let [key, id] = [undefined, undefined] as [string | undefined, string | undefined]; ;) {
    const page = await asked(
      client.listMultipartUploads({
        Bucket: name,
        Prefix: prefix,
        ...(key !== undefined && { KeyMarker: key }),
        ...(id !== undefined && { UploadIdMarker: id }),
      }),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated >= before || Key?.startsWith(prefix) !== true) continue;
      await abortUpload({ client, name, prefix }, { key: Key, id: UploadId });
    }
    [key, id] = [page.NextKeyMarker, page.NextUploadIdMarker];
    if (page.IsTruncated !== true || key === undefined) return;
  }
}

/** Throws away what has come of an object; one that is finished, or gone, stays what it is. */
export async function abortUpload(
  { client, name }: Bucket,
  { key, id }: { readonly key: string; readonly id: string | undefined },
): Promise<void> {
  await client.abortMultipartUpload({ Bucket: name, Key: key, UploadId: id }).catch((error: unknown) => {
    if (!isNotThere(error)) throw unavailable(error);
  });
}
