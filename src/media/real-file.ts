import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';

/** An open file, and where it really is: what is checked and what is read are the same, whatever becomes of the path. The caller closes it. */
export interface RealFile {
  readonly handle: FileHandle;
  readonly path: string;
}

/** Opens a file to read it; null where there is none, or none that may be read. */
export async function openRealFile(path: string): Promise<RealFile | null> {
  const handle = await openOrNull(path);
  if (handle === null) return null;
  try {
    return { handle, path: await realPathOf(handle, path) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Codes that mean "nothing there that could be read". */
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EPERM', 'ENXIO']);

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    // Without O_NONBLOCK a named pipe would hold the server until somebody writes to it.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(String(error.code))) return null;
    throw error;
  }
}

async function realPathOf(handle: FileHandle, path: string): Promise<string> {
  return process.platform === 'linux' ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path);
}

/** A path that leads to the open file or folder, and nowhere else, for another thread, or another process of the same user. */
export function pathToOpen({ fd }: FileHandle, path: string): string {
  return process.platform === 'linux' ? `/proc/${process.pid}/fd/${fd}` : path;
}

/** The real paths of folders; null for one that does not exist. */
export function realPaths(folders: readonly string[]): Promise<readonly (string | null)[]> {
  return Promise.all(folders.map((folder) => realpath(folder).catch(() => null)));
}

/** Whether a path is one of the folders or under one. */
export function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}

/** Whether a part of a path below a folder begins with a dot. */
export function isHidden(path: string, folder: string): boolean {
  return relative(folder, path)
    .split(sep)
    .some((part) => part.startsWith('.'));
}
