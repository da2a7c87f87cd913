import { open, statfs } from 'node:fs/promises';
import { type Config, s3Place } from '../config/config.ts';
import { StorageFullError } from '../errors.ts';
import type { Trash } from './trash.ts';

/** Below which free space nothing is accepted, and where that is looked at. */
type Limits = Pick<Config['server'], 'dataDirectory' | 'minFreeBytes'> & Partial<Pick<Config['server'], 'mediaStore'>>;

/** The disks of the server. */
export interface DiskSpace {
  /** Throws StorageFullError where the disk of the data directory, or of the recordings, has less free than is to be kept for the jobs that run. */
  requireFreeSpace(): Promise<void>;
  /** Throws StorageFullError where the disk of `folder` has not as much free beside `bytes` that are to come. */
  requireFreeSpaceFor(bytes: number, folder: string): Promise<void>;
}

/** The folder on the disks of this machine that holds recordings, or with S3 what is on its way there. */
export function mediaFolder({
  dataDirectory,
  mediaStore,
}: Pick<Config['server'], 'dataDirectory' | 'mediaStore'>): string {
  return mediaStore === null || s3Place.test(mediaStore) ? dataDirectory : mediaStore;
}

const noTrash: Pick<Trash, 'empty'> = { empty: () => Promise.resolve(0) };

/** Looks at the disks each time that it is asked; where one is short of room, the trash is emptied first. */
export function openDiskSpace({ dataDirectory, mediaStore = null, minFreeBytes }: Limits, trash = noTrash): DiskSpace {
  const folders = new Set([dataDirectory, mediaFolder({ dataDirectory, mediaStore })]);
  const hasRoom = async () => {
    const free = await Promise.all([...folders].map(freeBytes));
    return free.every((bytes) => bytes >= minFreeBytes);
  };
  return {
    async requireFreeSpace() {
      if (await hasRoom()) return;
      if ((await trash.empty()) > 0 && (await hasRoom())) return;
      throw new StorageFullError(`The disk of the server has less than ${minFreeBytes} bytes free.`);
    },
    async requireFreeSpaceFor(bytes, folder) {
      const free = await freeBytes(folder);
      if (free >= bytes + minFreeBytes) return;
      throw new StorageFullError(
        `The disk of the server has ${free} bytes free, ${bytes} are to come, and ${minFreeBytes} are to stay free.`,
      );
    },
  };
}

/** Bytes between two checks of the free space. */
const checkEveryBytes = 16 * 1_048_576;

/** The bytes of a stream, as long as there is room for more. Throws StorageFullError. */
export async function* whileThereIsRoom<T extends Uint8Array>(
  bytes: AsyncIterable<T>,
  space: Pick<DiskSpace, 'requireFreeSpace'>,
): AsyncGenerator<T> {
  let [total, checkAt] = [0, 0];
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > checkAt) {
      checkAt = total + checkEveryBytes;
      await space.requireFreeSpace();
    }
    yield chunk;
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Has on the disk what was written to a file, or the names in a folder: without the latter a loss of power may undo a rename. */
export async function syncToDisk(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
