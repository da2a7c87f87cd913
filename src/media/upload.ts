import { createHash } from 'node:crypto';
import { ExpectedError, isStorageFull, MediaRejectedError, RequestError, StorageFullError } from '../errors.ts';
import type { MediaKey } from '../jobs/job.ts';
import { cleanName } from './file-name.ts';

/** A recording that is complete, for a job to keep. */
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

/** Where a recording arrives that somebody sends, and where it is from then on. */
export interface Landing {
  /** What it is found by when it is kept. */
  readonly kept: string;
  /** Takes in what comes, durable when this returns. What it throws that is an expected failure is told to the sender. */
  write(bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Has it where jobs keep theirs. */
  keep(): Promise<void>;
  /** Removes what has arrived, or what is kept of it. */
  remove(): Promise<void>;
}

/** Why a recording is not taken. */
type Refusal = ExpectedError | RequestError;

/** A recording that a client sent: complete and durable, or refused. Kept for a job or discarded with the request. */
export class Upload implements ArrivedRecording {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Why it was not taken (empty, too large, no room); the resolver throws it, so that it reaches the client. */
  readonly refusal: Refusal | null;
  readonly #landing: Landing;
  #kept = false;

  constructor(name: string, { bytes, sha256, refusal }: Received, landing: Landing) {
    this.name = name;
    this.bytes = bytes;
    this.sha256 = sha256;
    this.refusal = refusal;
    this.#landing = landing;
  }

  /** Moves the recording to where jobs keep theirs; answers the key by which it is found there. */
  async keep(): Promise<MediaKey> {
    if (!this.#kept) {
      await this.#landing.keep();
      this.#kept = true;
    }
    return { kept: this.#landing.kept };
  }

  /** Removes the recording, unless a job keeps it. */
  async discard(): Promise<void> {
    if (!this.#kept && this.refusal === null) await this.#landing.remove();
  }

  /** Removes a kept recording whose job could not be stored. */
  async undo(): Promise<void> {
    await this.#landing.remove();
  }
}

interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly refusal: Refusal | null;
}

/** What is refused is read on for so long: a client that is cut off while it sends reads no answer. */
const maxWastedBytes = 64 * 1_048_576;

/** Takes a stream in as `MediaStore.receive` has it. */
export async function receiveUpload(
  {
    name,
    bytes,
    maxBytes,
  }: { readonly name: string; readonly bytes: AsyncIterable<Uint8Array>; readonly maxBytes: number },
  landing: Landing,
): Promise<Upload> {
  // By hand: a loop that is left closes the stream, and the sender would not hear the answer.
  const source = bytes[Symbol.asyncIterator]();
  const hash = createHash('sha256');
  let total = 0;
  /** Why the bytes end here, whatever is made of that on the way. */
  let end: { readonly error: unknown } | null = null;
  const fail = (error: unknown): never => {
    end = { error };
    throw error;
  };
  async function* accepted(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = await source.next().catch(fail);
      if (next.done === true) break;
      total += next.value.length;
      if (total > maxBytes) fail(tooLarge(maxBytes));
      hash.update(next.value);
      yield next.value;
    }
    if (total === 0) fail(emptyUpload());
  }
  let refusal: Refusal | null = null;
  try {
    await landing.write(accepted());
  } catch (error) {
    await landing.remove().catch(() => undefined); // What stays of it is swept.
    refusal = asRefusal(causeOf(end, error));
    total += await throwAway(source, refusal);
  }
  return new Upload(cleanName(name), { bytes: total, sha256: hash.digest('hex'), refusal }, landing);
}

function causeOf(end: { readonly error: unknown } | null, error: unknown): unknown {
  return end === null ? error : end.error;
}

/** Reads what is left of a stream; throws the refusal where it goes on and on. */
async function throwAway(source: AsyncIterator<Uint8Array>, refusal: Refusal): Promise<number> {
  let wasted = 0;
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    wasted += next.value.length;
    if (wasted <= maxWastedBytes) continue;
    await source.return?.();
    throw refusal;
  }
  return wasted;
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof ExpectedError || error instanceof RequestError) return error;
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
