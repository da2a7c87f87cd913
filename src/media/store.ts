import type { Readable } from 'node:stream';
import type { Media, MediaKey } from '../jobs/job.ts';
import type { Arrival } from './arrival.ts';
import type { Upload } from './upload.ts';

/** Where the recordings of jobs are: found by a key, never by a path. */
export interface MediaStore {
  /** Where that is, for a person. */
  readonly place: string;
  /**
   * Takes a stream of bytes in, durable when this returns. A stream that is refused is read to its end and thrown away, so that its sender hears the
   * answer; an error of the stream itself passes through and leaves nothing.
   */
  receive(name: string, bytes: AsyncIterable<Uint8Array>): Promise<Upload>;
  /** Opens a recording that comes in pieces, under the name that it is kept by, with those that are there. One at a time may have it open. */
  arrive(kept: string, signal?: AbortSignal): Promise<Arrival>;
  /** Removes what nobody has added to for a day: of recordings that came in pieces, or whose server was killed while they came. */
  removeOldArrivals(now?: number): Promise<void>;
  /**
   * Opens the recording of a job again: the copy that is kept, or the file under a media root, while it is still there and has the size that it had.
   * Null where it is not. The caller disposes of it.
   */
  open(media: Pick<Media, 'key' | 'bytes'>): Promise<Recording | null>;
  /** The size of a recording and when it was last written to, whatever size it had; null where it is not there. */
  look(key: MediaKey): Promise<FileLook | null>;
  /** Removes a copy that no job has any more, or as much of it as has arrived. */
  remove(kept: string): Promise<void>;
  /** Names of the copies that may be thrown away where no job has them: none of them is so new that its job may still be on its way. */
  sweepable(now?: number): AsyncIterable<readonly string[]>;
  /** Why it cannot be used now, and what to do about it; null where it can. Never rejects; when the signal is aborted, it has not answered. */
  problem(signal: AbortSignal): Promise<string | null>;
  /** Throws away copies that no job has. Answers where they can be found for a while; null where they are gone. */
  throwAway(names: readonly string[]): Promise<string | null>;
}

/** What a look at a file tells of it. */
export interface FileLook {
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** An open recording: what was checked and what is read are the same, whatever becomes of its path. */
export interface Recording extends FileLook, AsyncDisposable {
  /** What an engine opens, as long as the recording is open: fetched first, where it is not on a disk of this machine. */
  local(signal?: AbortSignal): Promise<LocalFile>;
  /** The bytes from `start` to `end`, both included. */
  read(start: number, end: number): Readable & { readonly bytesRead: number };
  /** SHA-256 of all bytes in hex; null where they cannot be read, are changed meanwhile, or the signal is aborted. */
  sha256(signal?: AbortSignal): Promise<string | null>;
}

/** A file on this machine, with what tells it from every other one. */
export interface LocalFile {
  readonly path: string;
  /** Numbers of up to 64 bits, in digits. */
  readonly device: string;
  readonly inode: string;
  readonly bytes: number;
}
