import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Config } from '../../config/config.ts';
import type { DiskSpace } from '../disk.ts';
import { removeOld, unfinishedMs } from '../local.ts';
import { pathToOpen } from '../real-file.ts';
import type { SampleStore } from '../samples/samples.ts';
import { openMediaCache } from './cache.ts';
import { type Bucket, listObjects, lookAt, readObject, removeObjects, writeObject } from './objects.ts';

type Settings = Pick<Config['server'], 'dataDirectory' | 'mediaCacheBytes'>;

/** What samples in a bucket are opened with. */
interface S3Parts {
  readonly bucket: Bucket;
  readonly space: DiskSpace;
}

/** Objects of a bucket: an engine writes to the disk, from where they are put there, and reads a copy in a cache, which is brought once for all parts. */
export async function openS3Samples(settings: Settings, { bucket, space }: S3Parts): Promise<SampleStore> {
  const coming = join(settings.dataDirectory, 'samples-coming');
  await mkdir(coming, { recursive: true, mode: 0o700 });
  const folder = join(settings.dataDirectory, 'samples');
  const cache = await openMediaCache({ folder, maxBytes: settings.mediaCacheBytes, space });
  const prefix = `${bucket.prefix}samples/`;
  const keyOf = (jobId: string) => prefix + jobId;
  return {
    async write(jobId, bytes) {
      await space.requireFreeSpaceFor(bytes, coming);
      const path = join(coming, nanoid());
      const handle = await open(path, 'wx', 0o600);
      return {
        path: pathToOpen(handle, path),
        async keep() {
          const { size } = await handle.stat();
          await writeObject(bucket, { key: keyOf(jobId), bytes: createReadStream(path), maxBytes: size });
        },
        async [Symbol.asyncDispose]() {
          await handle.close();
          await rm(path, { force: true });
        },
      };
    },
    async open(jobId, signal) {
      const key = keyOf(jobId);
      const look = await lookAt(bucket, key);
      if (look === null) return null;
      const { bytes, etag } = look;
      const read = (start: number, unwanted: AbortSignal) =>
        readObject(bucket, { key, etag, start, end: bytes - 1, signal: unwanted });
      return cache.hold({ kept: jobId, bytes, etag, read }, signal);
    },
    async remove(jobId) {
      await cache.remove(jobId);
      await removeObjects(bucket, [keyOf(jobId)]);
    },
    async sweep(isNeeded) {
      await removeOld(coming, Date.now() - unfinishedMs);
      await cache.removeUnused(Date.now() - unfinishedMs);
      for await (const page of listObjects(bucket, prefix)) {
        for (const { key } of page) {
          if (!(await isNeeded(key.slice(prefix.length)))) await removeObjects(bucket, [key]);
        }
      }
    },
  };
}
