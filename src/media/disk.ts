import { open, statfs } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { StorageFullError } from '../errors.ts';
import type { Trash } from './trash.ts';

/** The disks of the server. */
export interface DiskSpace {
  /** Throws StorageFullError where the disk of the data directory has less free than is to be kept for the jobs that run. */
  requireFreeSpace(): Promise<void>;
  /** Throws StorageFullError where the disk of `folder` has not as much free beside `bytes` that are to come. */
  requireFreeSpaceFor(bytes: number, folder: string): Promise<void>;
}

const noTrash: Pick<Trash, 'empty'> = { empty: () => Promise.resolve(0) };

/** Looks at the disk each time that it is asked; where the data directory is short of room, the trash is emptied first. */
export function openDiskSpace(
  { dataDirectory, minFreeBytes }: Pick<Config['server'], 'dataDirectory' | 'minFreeBytes'>,
  trash = noTrash,
): DiskSpace {
  const hasRoom = async () => (await freeBytes(dataDirectory)) >= minFreeBytes;
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

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Has on the disk what was written to a file, or the names in a folder: without the latter a loss of power may undo a rename. */
export async function syncToDisk(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
