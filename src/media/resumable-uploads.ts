import { createHash } from 'node:crypto';
import { nanoid } from 'nanoid';
import { MediaRejectedError, RequestError } from '../errors.ts';
import { cleanName } from './file-name.ts';
import type { UploadObjects } from './s3/upload-objects.ts';
import { isOver, type UploadFiles } from './upload-files.ts';
import { UploadLocks } from './upload-lock.ts';
import { type ArrivedRecording, emptyUpload } from './upload.ts';

/** Uploads that go on after a lost connection, each of one caller. */
export interface ResumableUploads extends AsyncDisposable {
  /** What is asked for by the protocol. */
  readonly files: UploadStore;
  readonly locks: UploadLocks;
  /** Under which the files have an upload: for another owner the same id is another one. */
  keyOf(owner: string | null, id: string): string;
  /** A finished upload, for a job to keep. Throws MediaRejectedError (UPLOAD_UNKNOWN, UPLOAD_UNFINISHED, EMPTY). */
  find(owner: string | null, id: string): Promise<ArrivedRecording>;
  /** Removes those whose time is over, but for one that bytes come for; answers how many. */
  removeExpired(now?: number): Promise<number>;
}

/** An id that `nanoid` has made. */
export const uploadId = /^[\w-]{21}$/u;

/** Where resumable uploads come to, and from where jobs get theirs: a folder, or S3. */
export type UploadStore = UploadFiles | UploadObjects;

/** Opens the uploads that are there, with those that an earlier process has left. */
export function openResumableUploads(files: UploadStore): ResumableUploads {
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
      if (!uploadId.test(id)) throw unknown();
      const upload = await files.getUpload(key).catch(asUnknown);
      const { offset, size = 0, metadata, creation_date: since = '' } = upload;
      if (isOver(Date.parse(since), Date.now())) throw unknown();
      if (offset < size) throw unfinished(offset, size);
      if (size === 0) throw emptyUpload();
      const kept = nanoid();
      return {
        name: cleanName(metadata?.['filename'] ?? ''),
        bytes: size,
        sha256: null,
        async keep() {
          await files.copyTo(kept, key).catch(asUnknown);
          return { kept };
        },
        undo: () => files.removeCopy(kept),
      };
    },
    removeExpired: (now = Date.now()) => files.removeExpired(now, (key) => locks.isHeld(key)),
    [Symbol.asyncDispose]: () => locks.settled(),
  };
}

function asUnknown(error: unknown): never {
  throw error instanceof RequestError && error.code === 'NOT_FOUND' ? unknown() : error;
}

function unknown(): MediaRejectedError {
  const hint = "An upload is its caller's alone, and ends 24 hours after it was begun, or finished. Send it again.";
  return new MediaRejectedError('UPLOAD_UNKNOWN', 'There is no upload with this id.', hint);
}

function unfinished(offset: number, size: number): MediaRejectedError {
  const message = `The upload has ${offset} of its ${size} bytes.`;
  return new MediaRejectedError('UPLOAD_UNFINISHED', message, 'Go on with it until its end, then submit it.');
}
