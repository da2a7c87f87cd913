import type { Readable } from 'node:stream';
import { S3Store } from '@tus/s3-store';
import { RequestError } from '../../errors.ts';
import { isOver, keptMs, mostKept, noUpload, tooMany, type UploadLimits } from '../upload-files.ts';
import { unavailable } from './errors.ts';
import { keptKey } from './media-store.ts';
import { abortUpload, type Bucket, copyObject, listObjects, lookAt, removeObjects } from './objects.ts';

/** Smallest part of an upload; what has come of the next one waits in an object of its own. */
const partBytes = 8 * 1_048_576;

/** What nothing is remembered in: other servers go on with an upload, too, and nobody would take away what has ended. */
const noCache = { get: async () => undefined, set: async () => undefined, delete: async () => undefined };

/**
 * Uploads in S3, which any server goes on with: of each the object itself, once all of it has come, an object `.info` with what was said of it, and `.part`
 * with what has come beyond the last whole part. Parts pass through the folder for temporary files. A key is the folder of an owner and the id of an upload in it.
 */
export class UploadObjects extends S3Store {
  readonly #bucket: Bucket;
  readonly #limits: UploadLimits;

  constructor(bucket: Bucket, limits: UploadLimits) {
    super({
      partSize: partBytes,
      cache: noCache,
      // Not every server of S3 knows tags.
      useTags: false,
      expirationPeriodInMilliseconds: keptMs,
      // A slow client holds one of them as long as it sends a part.
      maxConcurrentPartUploads: 200,
      // It makes a client of its own, which nobody uses.
      s3ClientConfig: { bucket: bucket.name, region: 'none' },
    });
    // A length that is told later could not be counted when the upload is begun.
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
    this.client = bucket.client;
    this.#bucket = bucket;
    this.#limits = limits;
  }

  /** Throws TOO_MANY_REQUESTS where its owner has as many uploads as one caller may, and SERVICE_UNAVAILABLE. */
  override async create(upload: Parameters<S3Store['create']>[0]): ReturnType<S3Store['create']> {
    const { id } = upload;
    await this.#requireRoomFor(id);
    upload.id = this.#keyOf(id);
    try {
      return await asked(super.create(upload));
    } finally {
      upload.id = id;
    }
  }

  /** Throws SERVICE_UNAVAILABLE; what has come until then stays, but for what was beyond the last whole part. */
  override async write(bytes: Readable, id: string, offset: number): Promise<number> {
    return asked(super.write(bytes, this.#keyOf(id), offset));
  }

  /** What is finished is as old as its end. Throws NOT_FOUND, also where it has become another size than its own, and SERVICE_UNAVAILABLE. */
  override async getUpload(id: string): ReturnType<S3Store['getUpload']> {
    const key = this.#keyOf(id);
    // The library takes any trouble with this object for the lack of it.
    if ((await lookAt(this.#bucket, this.infoKey(key))) === null) throw noUpload();
    const upload = await asked(super.getUpload(key));
    upload.id = id;
    if (upload.offset !== upload.size) return upload;
    // That an upload has no parts any more may mean that somebody has thrown them away.
    const look = await lookAt(this.#bucket, key);
    if (look === null || look.bytes !== upload.size) throw noUpload();
    upload.creation_date = look.modifiedAt.toISOString();
    return upload;
  }

  /** Throws NOT_FOUND. */
  override async remove(id: string): Promise<void> {
    const key = this.#keyOf(id);
    if ((await lookAt(this.#bucket, this.infoKey(key))) === null) throw noUpload();
    await this.#remove(key);
  }

  /** Gives a job a recording of its own. Throws NOT_FOUND. */
  async copyTo(kept: string, id: string): Promise<void> {
    const from = this.#keyOf(id);
    const look = await lookAt(this.#bucket, from);
    if (look === null) throw noUpload();
    const to = keptKey(this.#bucket, kept);
    await copyObject(this.#bucket, { from, to, look, maxBytes: this.#limits.maxUploadBytes });
  }

  async removeCopy(kept: string): Promise<void> {
    await removeObjects(this.#bucket, [keptKey(this.#bucket, kept)]);
  }

  /** Removes those whose time is over, but for one that is held; answers how many. */
  async removeExpired(now: number, isHeld: (id: string) => boolean): Promise<number> {
    let removed = 0;
    for await (const page of listObjects(this.#bucket, this.#keyOf(''))) {
      for (const { key, modifiedAt } of page) {
        if (!key.endsWith('.info') || !isOver(modifiedAt.getTime(), now)) continue;
        const id = key.slice(this.#keyOf('').length, -'.info'.length);
        const upload = await this.getUpload(id).catch(noneOf);
        if (isHeld(id) || (upload !== null && !isOver(Date.parse(upload.creation_date ?? ''), now))) continue;
        await this.#remove(this.#keyOf(id));
        removed += 1;
      }
    }
    return removed;
  }

  async #remove(key: string): Promise<void> {
    const { 'upload-id': upload } = await asked(this.getMetadata(key));
    await abortUpload(this.#bucket, { key, id: upload });
    await removeObjects(this.#bucket, [key, this.partKey(key, true), this.infoKey(key)]);
  }

  /** What one caller keeps is counted where it is, since any server may have begun it. Of many that are begun at once a few more may pass. */
  async #requireRoomFor(id: string): Promise<void> {
    const { maxUnfinishedUploadsPerCaller } = this.#limits;
    const [owner = ''] = id.split('/');
    let [begun, finished] = [0, 0];
    for await (const page of listObjects(this.#bucket, this.#keyOf(`${owner}/`))) {
      begun += page.filter(({ key }) => key.endsWith('.info')).length;
      finished += page.filter(({ key }) => !/\.(?:info|part)$/u.test(key)).length;
      if (begun >= mostKept) throw tooMany(`You keep ${mostKept} uploads.`, 'Delete those that you need no more.');
    }
    const unfinished = begun - finished;
    if (unfinished < maxUnfinishedUploadsPerCaller) return;
    throw tooMany(`${unfinished} uploads of yours are not finished.`, 'Finish or delete some of them first.');
  }

  #keyOf(id: string): string {
    return `${this.#bucket.prefix}uploads/${id}`;
  }
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    // An answer of the protocol is none of S3.
    throw error instanceof Error ? unavailable(error) : error;
  }
}

function noneOf(error: unknown): null {
  if (error instanceof RequestError && error.code === 'NOT_FOUND') return null;
  throw error;
}
