import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type ExpectedError, isStorageFull, MediaRejectedError, StorageFullError } from '../errors.ts';
import type { MediaKey } from '../jobs/job.ts';
import { type DiskSpace, syncToDisk } from './disk.ts';
import { cleanName } from './file-name.ts';

/** A recording that is complete on disk, for a job to keep. */
export interface ArrivedRecording {
  readonly name: string;
  readonly bytes: number;
  /** In hex; null where nobody has computed it yet. */
  readonly sha256: string | null;
  /** Has it where jobs keep theirs; answers the key by which it is found there. */
  keep(): Promise<MediaKey>;
  /** Removes what was kept for a job that could not be stored. */
  undo(): Promise<void>;
}

/** A recording that a client sent: complete on disk, or refused. Kept for a job or discarded with the request. */
export class Upload implements ArrivedRecording {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Why it was not taken (empty, too large, no room); the resolver throws it, so that it reaches the client in the union. */
  readonly refusal: ExpectedError | null;
  readonly #path: string;
  readonly #keepAs: string;
  #kept = false;

  constructor({ name, received, path, keepAs }: { name: string; received: Received; path: string; keepAs: string }) {
    this.name = name;
    this.bytes = received.bytes;
    this.sha256 = received.sha256;
    this.refusal = received.refusal;
    this.#path = path;
    this.#keepAs = keepAs;
  }

  /** Moves the recording to where jobs keep theirs; answers the key by which it is found there. */
  async keep(): Promise<MediaKey> {
    if (!this.#kept) {
      await rename(this.#path, this.#keepAs);
      // Else a loss of power may undo the rename, and the job that was accepted would have no recording.
      await syncToDisk(dirname(this.#keepAs));
      this.#kept = true;
    }
    return { kept: basename(this.#keepAs) };
  }

  /** Removes the recording, unless a job keeps it. */
  async discard(): Promise<void> {
    if (!this.#kept) await rm(this.#path, { force: true });
  }

  /** Removes a kept recording whose job could not be stored. */
  async undo(): Promise<void> {
    await rm(this.#kept ? this.#keepAs : this.#path, { force: true });
  }
}

interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly refusal: ExpectedError | null;
}

/** Where an upload arrives and where it is kept, and what it may take. */
interface Reception {
  readonly path: string;
  readonly keepAs: string;
  readonly maxBytes: number;
  readonly space: Pick<DiskSpace, 'requireFreeSpace'>;
}

/** Writes a stream to disk as `MediaStore.receive` has it. */
export async function receiveUpload(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  { path, keepAs, ...limits }: Reception,
): Promise<Upload> {
  try {
    const received = await write(path, bytes, limits);
    if (received.refusal !== null) await rm(path, { force: true });
    return new Upload({ name: cleanName(name), received, path, keepAs });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Bytes between two checks of the free space. */
export const checkEveryBytes = 16 * 1_048_576;

/** What is refused is read on for so long: a client that is cut off while it sends reads no answer. */
const maxWastedBytes = 64 * 1_048_576;

/** Throws the refusal where what is refused goes on and on. */
async function write(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes, space }: Pick<Reception, 'maxBytes' | 'space'>,
): Promise<Received> {
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  const hash = createHash('sha256');
  const check = () => space.requireFreeSpace().then(() => null, asRefusal);
  let total = 0;
  let [checkAt, wasted] = [0, 0];
  let refusal: ExpectedError | null = null;
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > maxBytes) refusal ??= tooLarge(maxBytes);
    if (total > checkAt) {
      checkAt = total + checkEveryBytes;
      refusal ??= await check();
    }
    if (refusal !== null) {
      wasted += chunk.length;
      if (wasted > maxWastedBytes) throw refusal;
      continue;
    }
    hash.update(chunk);
    refusal = await file.writeFile(chunk).then(() => null, asRefusal);
  }
  if (refusal === null) refusal = await file.sync().then(() => null, asRefusal);
  return { bytes: total, sha256: hash.digest('hex'), refusal: total === 0 ? emptyUpload() : refusal };
}

function asRefusal(error: unknown): ExpectedError {
  if (error instanceof StorageFullError) return error;
  if (isStorageFull(error)) return new StorageFullError('The disk of the server is full.', { cause: error });
  throw error;
}

export function emptyUpload(): MediaRejectedError {
  return new MediaRejectedError('EMPTY', 'The upload has no bytes.', 'Send the recording again.');
}

function tooLarge(maxBytes: number): MediaRejectedError {
  return new MediaRejectedError(
    'TOO_LARGE',
    `The upload is larger than ${maxBytes} bytes.`,
    'Give a path under a media root, or raise maxUploadBytes in config.json.',
  );
}
