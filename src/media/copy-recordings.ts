import { createHash } from 'node:crypto';
import { MigrationError } from '../errors.ts';
import type { DiskSpace } from './disk.ts';
import type { MediaStore, Recording } from './store.ts';

/** A copy that a job has: what is known of it. */
interface KnownRecording {
  readonly kept: string;
  readonly bytes: number;
  /** In hex; null where nobody has computed it. */
  readonly sha256: string | null;
}

/** From where to where. */
export interface CopyOptions {
  readonly from: Pick<MediaStore, 'open'>;
  readonly to: Pick<MediaStore, 'look' | 'arrive'>;
  /** Of the disk that they come to. */
  readonly space: Pick<DiskSpace, 'requireFreeSpace'>;
  readonly signal: AbortSignal;
  readonly onCopied: (copied: CopiedRecordings) => void;
}

/** What has become of recordings. */
export interface CopiedRecordings {
  /** That the target has now, also from before. */
  readonly recordings: number;
  readonly bytes: number;
  /** Names of those that are not in the source, or have another size than they had. */
  readonly missing: readonly string[];
  /** Names of those whose bytes are not what their SHA-256 says. */
  readonly damaged: readonly string[];
}

/**
 * Copies recordings from one media store to another, under the names that they have; what is there already is not copied again. Each is read to its end and proved
 * by its size and its SHA-256 before it is kept. The source stays as it is. Throws MigrationError where a name is taken by another recording.
 */
export async function copyRecordings(
  recordings: AsyncIterable<KnownRecording>,
  { from, to, space, signal, onCopied }: CopyOptions,
): Promise<CopiedRecordings> {
  const [missing, damaged]: [string[], string[]] = [[], []];
  let copied = { recordings: 0, bytes: 0, missing, damaged };
  for await (const known of recordings) {
    signal.throwIfAborted();
    const { kept, bytes } = known;
    const there = await to.look({ kept });
    if (there !== null && there.bytes !== bytes)
      throw new MigrationError(`Another recording is in the place of ${kept}.`);
    const found = there === null ? await copyOne(known, { from, to, space, signal }) : 'KEPT';
    if (found === 'MISSING') missing.push(kept);
    if (found === 'DAMAGED') damaged.push(kept);
    if (found === 'KEPT') copied = { ...copied, recordings: copied.recordings + 1, bytes: copied.bytes + bytes };
    onCopied(copied);
  }
  return copied;
}

async function copyOne(
  { kept, bytes, sha256 }: KnownRecording,
  { from, to, space, signal }: Omit<CopyOptions, 'onCopied'>,
): Promise<'KEPT' | 'MISSING' | 'DAMAGED'> {
  await using recording = await from.open({ key: { kept }, bytes });
  if (recording === null) return 'MISSING';
  await space.requireFreeSpace();
  await using arrival = await to.arrive(kept, signal);
  // What an interrupted move has left of it is less than what is read again for its hash.
  await arrival.restart();
  const hash = createHash('sha256');
  for await (const piece of bytesOf(recording)) {
    signal.throwIfAborted();
    hash.update(piece);
    await arrival.append(piece);
  }
  const read = hash.digest('hex');
  if (arrival.bytes !== bytes || (sha256 !== null && read !== sha256)) {
    await arrival.restart();
    return 'DAMAGED';
  }
  if ((await arrival.keep()) !== read) throw new MigrationError(`${kept} was not written as it was read.`);
  return 'KEPT';
}

function bytesOf(recording: Recording): AsyncIterable<Uint8Array> {
  // A stream of a file, or of an answer, has no other chunks.
  return recording.read(0, recording.bytes - 1) as AsyncIterable<Uint8Array>;
}
