import { statfs } from 'node:fs/promises';
import type { Config } from './config.ts';
import { StorageFullError } from './errors.ts';

/** The disk of the data directory. */
export interface Storage {
  /** Throws StorageFullError where less is free than is to be kept for the jobs that run. */
  demandRoom(): Promise<void>;
}

/** Looks at the disk each time that it is asked. */
export function openStorage({
  dataDirectory,
  minFreeBytes,
}: Pick<Config['server'], 'dataDirectory' | 'minFreeBytes'>): Storage {
  return {
    async demandRoom() {
      const { bavail, bsize } = await statfs(dataDirectory);
      if (bavail * bsize >= minFreeBytes) return;
      throw new StorageFullError(`The disk of the server has less than ${minFreeBytes} bytes free.`);
    },
  };
}
