import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

const dayMs = 24 * 60 * 60 * 1000;
const keptDays = 7;

/** Where recordings go that no job has, for a week: the database may be the one that is wrong. */
export interface Trash {
  readonly folder: string;
  /** Moves a file into it. */
  add(path: string): Promise<void>;
  /** Removes what has been in it for longer than a week; answers how many files. */
  removeOld(now?: number): Promise<number>;
  /** Removes everything; answers how many files. */
  empty(): Promise<number>;
}

/** Opens the trash of a data directory: a folder for each day (UTC) on which something was moved there. */
export function openTrash(dataDirectory: string): Trash {
  const folder = join(dataDirectory, 'trash');
  async function removeDays(isWanted: (day: string) => boolean): Promise<number> {
    const days = (await namesIn(folder)).filter(isWanted);
    const files = await Promise.all(days.map((day) => namesIn(join(folder, day))));
    for (const day of days) await rm(join(folder, day), { recursive: true, force: true });
    return files.flat().length;
  }
  return {
    folder,
    async add(path) {
      const day = join(folder, new Date().toISOString().slice(0, 10));
      await mkdir(day, { recursive: true, mode: 0o700 });
      await rename(path, join(day, basename(path)));
    },
    removeOld: (now = Date.now()) => removeDays((day) => Date.parse(day) + (keptDays + 1) * dayMs <= now),
    empty: () => removeDays(() => true),
  };
}

/** A folder that is not there holds nothing. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((): string[] => []);
}
