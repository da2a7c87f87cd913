import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nanoid } from 'nanoid';
import type { Config } from '../../config/config.ts';
import type { MediaKey } from '../../jobs/job.ts';
import { type Arrival, openArrival } from '../arrival.ts';
import type { DiskSpace } from '../disk.ts';
import { openRecording, removeOld, unfinishedMs } from '../local.ts';
import type { LocalFile, MediaStore, Recording } from '../store.ts';
import { receiveUpload } from '../upload.ts';
import { type MediaCache, openMediaCache } from './cache.ts';
import {
  abortOldUploads,
  type Bucket,
  listObjects,
  lookAt,
  type ObjectLook,
  problemOf,
  readObject,
  removeObjects,
  type S3Settings,
  writeObject,
} from './objects.ts';

type Settings = S3Settings & Pick<Config['server'], 'dataDirectory' | 'mediaRoots' | 'mediaCacheBytes'>;

/** What the media store of a bucket is opened with. */
interface S3Parts {
  readonly bucket: Bucket;
  readonly space: DiskSpace;
}

/** Names looked up in the database at once. */
const sweptAtOnce = 100_000;

/** Under which a copy is kept. A name is new for each that arrives, so that nobody who comes late writes over what another has written. */
export function keptKey({ prefix }: Pick<Bucket, 'prefix'>, kept: string): string {
  return `${prefix}media/${kept}`;
}

/**
 * Opens the media store of a bucket; files under the media roots stay on the disks of this machine. What is fetched by URL arrives in the data directory, since
 * it has to be gone on with after a broken line, and an engine reads a copy in a cache there.
 */
export async function openS3MediaStore(settings: Settings, { bucket, space }: S3Parts): Promise<MediaStore> {
  const { dataDirectory, maxUploadBytes: maxBytes } = settings;
  const coming = join(dataDirectory, 'downloads');
  await mkdir(coming, { recursive: true, mode: 0o700 });
  const cache = await openMediaCache({
    folder: join(dataDirectory, 'cache'),
    maxBytes: settings.mediaCacheBytes,
    space,
  });
  const spool = (name: string) => ({
    path: join(coming, basename(name)),
    keepAs: join(coming, `${basename(name)}.whole`),
  });
  const removeSpool = async (name: string) => {
    for (const path of Object.values(spool(name))) await rm(path, { force: true });
  };
  const open = async (key: MediaKey): Promise<Recording | null> => {
    if ('root' in key) return openRecording(key, settings);
    const look = isName(key.kept) ? await lookAt(bucket, keptKey(bucket, key.kept)) : null;
    return look === null ? null : recordingOf(key.kept, look, { bucket, cache });
  };
  return {
    place: `s3://${bucket.name}/${bucket.prefix}`,
    async receive(name, bytes) {
      const kept = nanoid();
      const key = keptKey(bucket, kept);
      return receiveUpload(
        { name, bytes, maxBytes },
        {
          kept,
          write: (accepted) => writeObject(bucket, { key, bytes: accepted, maxBytes }),
          keep: async () => undefined, // It arrives where it stays.
          remove: () => removeObjects(bucket, [key]),
        },
      );
    },
    async arrive(kept, signal) {
      const look = await lookAt(bucket, keptKey(bucket, kept));
      if (look?.sha256 != null) return arrived(look.bytes, look.sha256);
      const arrival = await openArrival(spool(kept), signal);
      const put = async (sha256: string) => {
        const bytes = createReadStream(spool(kept).keepAs);
        await writeObject(bucket, { key: keptKey(bucket, kept), bytes, maxBytes, sha256 });
        await removeSpool(kept);
      };
      return keptWith(arrival, put);
    },
    async removeOldArrivals(now = Date.now()) {
      await removeOld(coming, now - unfinishedMs);
      // Nobody hears of a recording that is deleted elsewhere: no copy outlives it by more than a day.
      await cache.removeUnused(now - unfinishedMs);
      await abortOldUploads(bucket, new Date(now - unfinishedMs));
    },
    async open({ key, bytes }) {
      await using stack = new AsyncDisposableStack();
      const recording = await open(key);
      if (recording === null || stack.use(recording).bytes !== bytes) return null;
      stack.move();
      return recording;
    },
    async look(key) {
      await using recording = await open(key);
      return recording === null ? null : { bytes: recording.bytes, modifiedAt: recording.modifiedAt };
    },
    async remove(kept) {
      await removeSpool(kept);
      await cache.remove(kept);
      if (isName(kept)) await removeObjects(bucket, [keptKey(bucket, kept)]);
    },
    async *sweepable(now = Date.now()) {
      let names: string[] = [];
      const first = keptKey(bucket, '');
      for await (const page of listObjects(bucket, first)) {
        const old = page.filter(({ modifiedAt }) => modifiedAt.getTime() < now - unfinishedMs);
        names.push(...old.map(({ key }) => key.slice(first.length)));
        if (names.length < sweptAtOnce) continue;
        yield names;
        names = [];
      }
      yield names;
    },
    problem: (signal) => problemOf(bucket, signal),
    async throwAway(names) {
      for (const name of names) await removeObjects(bucket, [keptKey(bucket, name)]);
      return null;
    },
  };
}

/** Names are of our making; anything else is the name of nothing. */
function isName(kept: string): boolean {
  return /^[\w-]+$/u.test(kept);
}

/** What came to its end in a process that ended before it could tell. */
function arrived(bytes: number, sha256: string): Arrival {
  const whole = () => Promise.reject(new Error('a whole recording is not added to'));
  return {
    bytes,
    isWhole: true,
    append: whole,
    restart: whole,
    keep: async () => sha256,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** An arrival on the disk that is put elsewhere when it is whole. */
function keptWith(arrival: Arrival, put: (sha256: string) => Promise<void>): Arrival {
  return {
    get bytes() {
      return arrival.bytes;
    },
    isWhole: arrival.isWhole,
    append: (bytes) => arrival.append(bytes),
    restart: () => arrival.restart(),
    async keep() {
      const sha256 = await arrival.keep();
      await put(sha256);
      return sha256;
    },
    [Symbol.asyncDispose]: () => arrival[Symbol.asyncDispose](),
  };
}

function recordingOf(
  kept: string,
  { bytes, modifiedAt, etag }: ObjectLook,
  { bucket, cache }: { readonly bucket: Bucket; readonly cache: MediaCache },
): Recording {
  const stack = new AsyncDisposableStack();
  const key = keptKey(bucket, kept);
  const read = (start: number, end: number, signal?: AbortSignal) =>
    readObject(bucket, { key, etag, start, end, signal });
  let held: LocalFile | null = null;
  return {
    bytes,
    modifiedAt,
    read: (start, end) => read(start, end),
    async local(signal = new AbortController().signal) {
      const rest = (start: number, wanted: AbortSignal) => read(start, bytes - 1, wanted);
      held ??= stack.use(await cache.hold({ kept, bytes, etag, read: rest }, signal)).file;
      return held;
    },
    async sha256(signal) {
      const hash = createHash('sha256');
      try {
        const all = held === null ? read(0, bytes - 1, signal) : createReadStream(held.path);
        await pipeline(all, hash, signal === undefined ? {} : { signal });
        return hash.digest('hex');
      } catch {
        return null; // What cannot be read has no hash.
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
