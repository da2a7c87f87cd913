import { constants, createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FileStore } from '@tus/file-store';
import type { Config } from '../config/config.ts';
import { isStorageFull, RequestError, StorageFullError } from '../errors.ts';
import { type DiskSpace, mediaFolder, syncToDisk, whileThereIsRoom } from './disk.ts';
import { keptFolder } from './local.ts';

/** An upload that nobody has gone on with to its end is gone by then, and so is one that has come to its end, counted from there. */
export const keptMs = 24 * 60 * 60 * 1000;

/** Of those of one caller that are not finished, how many of the largest size there may be together. */
const largestUnfinished = 16;

/** Uploads of one caller that are kept at a time, finished ones too: each is two files, and an entry in memory. */
export const mostKept = 10_000;

export type UploadLimits = Pick<Config['server'], 'maxUploadBytes' | 'maxUnfinishedUploadsPerCaller'>;

/** Where uploads are, and where the recordings of jobs are. */
export interface UploadFolders {
  readonly directory: string;
  readonly keptIn: string;
}

/** What is known of an upload without looking at its files. */
interface Known {
  readonly bytes: number;
  readonly isFinished: boolean;
  /** When it was begun, or once it is finished, when that was. */
  readonly sinceMs: number;
}

/** Opens the uploads in the folder of the recordings, with those that an earlier process has left. */
export async function openUploadFiles(
  settings: Pick<Config['server'], 'dataDirectory'> & Partial<Pick<Config['server'], 'mediaStore'>> & UploadLimits,
  space: DiskSpace,
): Promise<UploadFiles> {
  const place = mediaFolder({ mediaStore: null, ...settings });
  const directory = join(place, 'resumable');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = new UploadFiles({ directory, keptIn: keptFolder(settings) }, space, settings);
  await files.load({ isShared: place !== settings.dataDirectory });
  return files;
}

/**
 * The files of uploads: of each what has come so far, and beside it what was said of it. The size of the first is how far the upload is, also when the server
 * was killed in the middle of it. A key is the folder of an owner and the id of an upload in it.
 */
export class UploadFiles extends FileStore {
  readonly #keptIn: string;
  readonly #space: DiskSpace;
  readonly #limits: UploadLimits;
  readonly #owners = new Map<string, Map<string, Known>>();

  /** The directory is there already: a FileStore makes it by itself, and where that fails ends the process. */
  constructor({ directory, keptIn }: UploadFolders, space: DiskSpace, limits: UploadLimits) {
    super({ directory, expirationPeriodInMilliseconds: keptMs });
    // A length that is told later could not be counted when the upload is begun.
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
    this.#keptIn = keptIn;
    this.#space = space;
    this.#limits = limits;
  }

  /** Learns what an earlier process has left, and removes what is half of an upload; in a shared folder another server may be about to write the other half. */
  async load({ isShared }: { readonly isShared: boolean }): Promise<void> {
    const entries = await readdir(this.directory, { withFileTypes: true });
    for (const { name: owner } of entries.filter((entry) => entry.isDirectory())) {
      const names = await readdir(join(this.directory, owner));
      for (const id of new Set(names.map((name) => basename(name, '.json')))) {
        const key = `${owner}/${id}`;
        const known = await this.#read(key);
        if (known !== null) this.#remember(key, known);
        else if (!isShared) await this.#removeFiles(key);
      }
    }
  }

  /** Throws TOO_MANY_REQUESTS and StorageFullError; then nothing is left of it. */
  override async create(upload: Parameters<FileStore['create']>[0]): ReturnType<FileStore['create']> {
    const { id: key, size: bytes = 0 } = upload;
    this.#requireRoomFor(key, bytes);
    // Before anything is awaited: of many that are begun at once each counts.
    this.#remember(key, { bytes, isFinished: bytes === 0, sinceMs: Date.now() });
    try {
      await this.#space.requireFreeSpaceFor(bytes, this.directory);
      return await super.create(upload);
    } catch (error) {
      this.#forget(key);
      await this.#removeFiles(key);
      throw asStorageFull(error);
    }
  }

  /**
   * Writes what comes from `offset` on, and answers how far the upload is then. What is acknowledged in between need not outlive a loss of power: a client asks
   * how far the upload is before it goes on, and has the file. What is finished must, since the client may let go of the file.
   */
  override async write(bytes: Readable, key: string, offset: number): Promise<number> {
    const path = join(this.directory, key);
    const file = createWriteStream(path, { flags: 'r+', start: offset });
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    file.once('close', resolve);
    try {
      await pipeline(bytes, (chunks: AsyncIterable<Buffer>) => whileThereIsRoom(chunks, this.#space), file);
    } catch (error) {
      throw asStorageFull(error);
    } finally {
      // A write may still be on its way when the others have failed; the next request begins where it ends.
      await closed;
    }
    const end = offset + file.bytesWritten;
    const known = this.#find(key);
    if (known?.isFinished === false && end === known.bytes) await this.#finish(key);
    return end;
  }

  /** What is finished is as old as its end; another server may have begun it, or brought it further. Throws NOT_FOUND. */
  override async getUpload(key: string): ReturnType<FileStore['getUpload']> {
    const known = await this.#read(key);
    if (known === null) {
      this.#forget(key);
      throw noUpload();
    }
    this.#remember(key, known);
    const upload = await super.getUpload(key).catch((error: unknown) => {
      // Where somebody took one of the files away, it is no Error that comes.
      throw error instanceof Error ? error : noUpload();
    });
    if (known.isFinished) upload.creation_date = new Date(known.sinceMs).toISOString();
    return upload;
  }

  /** Throws NOT_FOUND. */
  override async remove(key: string): Promise<void> {
    if (!this.#forget(key) && (await this.#read(key)) === null) throw noUpload();
    await this.#removeFiles(key);
  }

  /**
   * Gives a job a file of its own, durable when this returns. A second name of the same file takes no room and no time, and stays when the upload, or the
   * recording of another job, goes: nobody writes to what is finished. Where a disk has no second names, or the folder is on another one, it is copied.
   * Throws NOT_FOUND.
   */
  async copyTo(kept: string, key: string): Promise<void> {
    const [from, to] = [join(this.directory, key), join(this.#keptIn, kept)];
    try {
      await link(from, to).catch((error: unknown) => {
        if (isMissing(error)) throw error;
        return copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      });
      // Its last bytes may have come just before the server was killed.
      await syncToDisk(to);
      await syncToDisk(this.#keptIn);
    } catch (error) {
      await rm(to, { force: true });
      throw isMissing(error) ? noUpload() : error;
    }
  }

  async removeCopy(kept: string): Promise<void> {
    await rm(join(this.#keptIn, kept), { force: true });
  }

  /** Removes those whose time is over, but for one that is held; answers how many. */
  async removeExpired(now: number, isHeld: (key: string) => boolean): Promise<number> {
    const all = [...this.#owners].flatMap(([owner, uploads]) =>
      [...uploads].map(([id, known]) => ({ key: `${owner}/${id}`, known })),
    );
    const expired = all.filter(({ key, known }) => isOver(known.sinceMs, now) && !isHeld(key));
    for (const { key } of expired) await this.remove(key);
    return expired.length;
  }

  /** Throws TOO_MANY_REQUESTS where its owner has as many uploads as one caller may. */
  #requireRoomFor(key: string, bytes: number): void {
    const { maxUploadBytes, maxUnfinishedUploadsPerCaller } = this.#limits;
    const now = Date.now();
    const kept = [...(this.#owners.get(dirname(key))?.values() ?? [])].filter(({ sinceMs }) => !isOver(sinceMs, now));
    const unfinished = kept.filter(({ isFinished }) => !isFinished);
    const promised = unfinished.reduce((sum, each) => sum + each.bytes, 0);
    if (kept.length >= mostKept) throw tooMany(`You keep ${mostKept} uploads.`, 'Delete those that you need no more.');
    if (unfinished.length >= maxUnfinishedUploadsPerCaller) {
      throw tooMany(`${unfinished.length} uploads of yours are not finished.`, 'Finish or delete some of them first.');
    }
    if (promised + bytes > maxUploadBytes * largestUnfinished) {
      throw tooMany(`${promised} bytes of your uploads are still to come.`, 'Finish or delete some of them first.');
    }
  }

  /** What an upload is known as by its files; null where they are none. */
  async #read(key: string): Promise<Known | null> {
    try {
      const { size = 0, creation_date: begun = '' } = (await this.configstore.get(key)) ?? {};
      const file = await stat(join(this.directory, key));
      const isFinished = file.size === size;
      const sinceMs = isFinished ? file.mtimeMs : Date.parse(begun);
      return begun === '' || Number.isNaN(sinceMs) ? null : { bytes: size, isFinished, sinceMs };
    } catch {
      return null; // One of the two is not there, or is no file of ours.
    }
  }

  async #finish(key: string): Promise<void> {
    const path = join(this.directory, key);
    await Promise.all([path, `${path}.json`, dirname(path)].map(syncToDisk));
    const known = this.#find(key);
    if (known !== undefined) this.#remember(key, { ...known, isFinished: true, sinceMs: Date.now() });
  }

  async #removeFiles(key: string): Promise<void> {
    const path = join(this.directory, key);
    for (const each of [path, `${path}.json`]) await rm(each, { recursive: true, force: true });
  }

  #find(key: string): Known | undefined {
    return this.#owners.get(dirname(key))?.get(basename(key));
  }

  #remember(key: string, known: Known): void {
    const owner = dirname(key);
    const uploads = this.#owners.get(owner) ?? new Map<string, Known>();
    this.#owners.set(owner, uploads.set(basename(key), known));
  }

  #forget(key: string): boolean {
    const owner = dirname(key);
    const uploads = this.#owners.get(owner);
    const wasKnown = uploads?.delete(basename(key)) === true;
    if (uploads?.size === 0) this.#owners.delete(owner);
    return wasKnown;
  }
}

/** Whether the time is over of an upload that is as old. */
export function isOver(sinceMs: number, now: number): boolean {
  return now - sinceMs > keptMs;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function noUpload(): RequestError {
  return new RequestError('NOT_FOUND', 'There is no upload with this id.');
}

export function tooMany(message: string, hint: string): RequestError {
  return new RequestError('TOO_MANY_REQUESTS', message, hint);
}

function asStorageFull(error: unknown): unknown {
  if (error instanceof StorageFullError || !isStorageFull(error)) return error;
  return new StorageFullError('The disk of the server is full.', { cause: error });
}
