import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A line of the log as a file has it. */
export interface LogLine {
  readonly time: Date;
  /** JSON, with its end of line. */
  readonly text: string;
}

/** JSON lines in files, one for each month (UTC), such as logs/11-2026.log. */
export interface LogFolder {
  /** Appends lines to the files of their months: all of a month's or, where the disk takes no more, none. Throws what Node throws. */
  append(lines: readonly LogLine[]): Promise<void>;
  /** Removes the files of months that ended before `from`, and the oldest beyond the size, but for this month's; answers how many. */
  trim(from: Date, now?: Date): Promise<number>;
}

/**
 * Keeps lines in `folder`, in files that together have about `maxBytes` at the most, readable by the server's user alone.
 *
 * A file is opened for each append, so that one that was moved or deleted meanwhile is begun anew. One that has grown to half of `maxBytes` is set
 * aside as 11-2026.old.log, in place of the one before it, so that of a busy month the newest half at least is there.
 */
export function openLogFolder(folder: string, maxBytes: number): LogFolder {
  return {
    async append(lines) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const [month, ofMonth] of Map.groupBy(lines, ({ time }) => nameOf(time))) {
        await using file = await openFile(join(folder, month), maxBytes / 2);
        await appendAll(file, ofMonth.map(({ text }) => text).join(''));
      }
    },
    async trim(from, now = new Date()) {
      const files = await listFiles(folder, now);
      const tooMany = beyond(files, maxBytes);
      const tooOld = files.filter(({ end }) => end <= from.getTime());
      const names = new Set([...tooMany, ...tooOld].map(({ name }) => name));
      for (const name of names) await rm(join(folder, name), { force: true });
      return names.size;
    },
  };
}

function nameOf(time: Date): string {
  return `${String(time.getUTCMonth() + 1).padStart(2, '0')}-${time.getUTCFullYear()}`;
}

/** Opens the file of a month, a new one where the one that is there is large. */
async function openFile(path: string, maxBytes: number): Promise<FileHandle> {
  const { size } = await stat(`${path}.log`).catch(() => ({ size: 0 }));
  if (size >= maxBytes) await rename(`${path}.log`, `${path}.old.log`);
  return open(`${path}.log`, 'a', 0o600);
}

/** Half a line would spoil the next one, too. */
async function appendAll(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.appendFile(text);
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
}

interface File {
  readonly name: string;
  readonly bytes: number;
  /** When its month ended or will end, in milliseconds since 1970. */
  readonly end: number;
}

/** The files of months, in the order in which they are kept: this month's, those before it, and what a clock that was set back has left. */
async function listFiles(folder: string, now: Date): Promise<readonly File[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const found = names.map((name) => /^(?<month>\d\d)-(?<year>\d{4})(?:\.old)?\.log$/u.exec(name));
  const files = await Promise.all(
    found.map(async (match) => {
      if (match === null) return [];
      const [name] = match;
      const { month, year } = match.groups ?? {};
      // One that cannot be looked at, such as a link to nothing, must not keep the others from going.
      const { size } = await stat(join(folder, name)).catch(() => ({ size: 0 }));
      return [{ name, bytes: size, end: Date.UTC(Number(year), Number(month)) }];
    }),
  );
  const thisMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
  const rank = ({ end }: File) => (end > thisMonth ? -end : end);
  return files.flat().toSorted((one, other) => rank(other) - rank(one) || one.name.localeCompare(other.name));
}

/** The last of these files, which are too many; never the first, which is written. */
function beyond(files: readonly File[], maxBytes: number): readonly File[] {
  let bytes = 0;
  return files.filter((file, index) => (bytes += file.bytes) > maxBytes && index > 0);
}
