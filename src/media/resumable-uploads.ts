import { createHash } from 'node:crypto';
import { constants, copyFile, link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Config } from '../config/config.ts';
import { MediaRejectedError, RequestError } from '../errors.ts';
import { type DiskSpace, syncToDisk } from './disk.ts';
import { cleanName } from './file-name.ts';
import { keptFolder } from './local.ts';
import { UploadFiles, type UploadLimits } from './upload-files.ts';
import { UploadLocks } from './upload-lock.ts';
import { type ArrivedRecording, emptyUpload } from './upload.ts';

/** Uploads that go on after a lost connection, each of one caller. */
export interface ResumableUploads extends AsyncDisposable {
  /** What is asked for by the protocol. */
  readonly files: UploadFiles;
  readonly locks: UploadLocks;
  /** Under which the files have an upload: for another owner the same id is another one. */
  keyOf(owner: string | null, id: string): string;
  /** A finished upload, for a job to keep. Throws MediaRejectedError (UPLOAD_UNKNOWN, UPLOAD_UNFINISHED, EMPTY). */
  find(owner: string | null, id: string): Promise<ArrivedRecording>;
  /** Removes those whose time is over, but for one that bytes come for; answers how many. */
  removeExpired(now?: number): Promise<number>;
}

type Settings = Pick<Config['server'], 'dataDirectory'> & UploadLimits;

/** An id that `nanoid` has made. */
export const uploadId = /^[\w-]{21}$/u;

/** Opens the uploads of a data directory, with those that an earlier process has left. */
export async function openResumableUploads(settings: Settings, space: DiskSpace): Promise<ResumableUploads> {
  const directory = join(settings.dataDirectory, 'resumable');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = new UploadFiles(directory, space, settings);
  await files.load();
  const locks = new UploadLocks();
  // Any name is a name of a folder so, and none is told by a listing.
  const keyOf = (owner: string | null, id: string) =>
    `${createHash('sha256')
      .update(owner ?? '')
      .digest('hex')}/${id}`;
  return {
    files,
    locks,
    keyOf,
    async find(owner, id) {
      const key = keyOf(owner, id);
      if (!uploadId.test(id) || files.isExpired(key)) throw unknown();
      const upload = await files.getUpload(key).catch((error: unknown) => {
        throw error instanceof RequestError ? unknown() : error;
      });
      const { offset, size = 0, metadata } = upload;
      if (offset < size) throw unfinished(offset, size);
      if (size === 0) throw emptyUpload();
      const to = { folder: keptFolder(settings), id: nanoid() };
      const from = join(directory, key);
      return {
        name: cleanName(metadata?.['filename'] ?? ''),
        bytes: size,
        sha256: null,
        async keep() {
          await keepCopy(from, to);
          return { kept: to.id };
        },
        undo: () => rm(join(to.folder, to.id), { force: true }),
      };
    },
    async removeExpired(now) {
      const expired = files.keys().filter((key) => files.isExpired(key, now) && !locks.isHeld(key));
      for (const key of expired) await files.remove(key);
      return expired.length;
    },
    [Symbol.asyncDispose]: () => locks.settled(),
  };
}

/**
 * Gives a job a file of its own, durable when this returns. A second name of the same file takes no room and no time, and stays when the upload, or the
 * recording of another job, goes: nobody writes to what is finished. Where a disk has no second names, or the folder is on another one, it is copied.
 */
async function keepCopy(from: string, { folder, id }: { readonly folder: string; readonly id: string }): Promise<void> {
  const to = join(folder, id);
  try {
    await link(from, to).catch((error: unknown) => {
      if (isMissing(error)) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    });
    // Its last bytes may have come just before the server was killed.
    await syncToDisk(to);
    await syncToDisk(folder);
  } catch (error) {
    await rm(to, { force: true });
    throw isMissing(error) ? unknown() : error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unknown(): MediaRejectedError {
  const hint = "An upload is its caller's alone, and ends 24 hours after it was begun, or finished. Send it again.";
  return new MediaRejectedError('UPLOAD_UNKNOWN', 'There is no upload with this id.', hint);
}

function unfinished(offset: number, size: number): MediaRejectedError {
  const message = `The upload has ${offset} of its ${size} bytes.`;
  return new MediaRejectedError('UPLOAD_UNFINISHED', message, 'Go on with it until its end, then submit it.');
}
