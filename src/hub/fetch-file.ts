import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchRest, sizeOf } from './fetch-rest.ts';
import { hasHash } from './has-hash.ts';
import type { Hub } from './hub.ts';
import { WrongContentError, type HubError } from './hub-error.ts';
import { persist } from './persist.ts';
import type { Release, ReleaseFile } from './release.ts';

/** Where the files of a release go, and who watches. */
export interface FileDesk {
  readonly hub: Hub;
  readonly release: Release;
  /** Holds files of this one commit: whole ones under their name, others as .part with the hub's tag for it beside. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Hears how much of a file is there. */
  readonly onBytes: (file: ReleaseFile, bytes: number) => void;
  /** Hears why something is tried again. */
  readonly onTrouble: (error: HubError) => void;
  /** Throws StorageFullError where the disk is short of room. */
  readonly demandRoom: () => Promise<void>;
}

/**
 * Brings a file into the folder, going on with what an earlier try left there, and checks it before it gets its name: a file under its name is whole
 * and on disk. Throws HubError and StorageFullError; the part stays, unless it is wrong.
 */
export async function fetchFile(file: ReleaseFile, desk: FileDesk): Promise<void> {
  const { folder, signal, hub } = desk;
  if ((await sizeOf(join(folder, file.name))) === file.bytes) return;
  const part = { path: join(folder, `${file.name}.part`), tag: join(folder, `${file.name}.etag`) };
  let there = 0;
  const onBytes = (bytes: number): void => {
    there = bytes;
    desk.onBytes(file, bytes);
  };
  try {
    await persist(() => fetchRest(file, part, { ...desk, onBytes }), {
      signal,
      pauseMs: hub.pauseMs,
      onTrouble: desk.onTrouble,
      reached: () => there,
    });
    if (!(await hasHash(part.path, file, signal))) throw new WrongContentError(file.name);
  } catch (error) {
    if (error instanceof WrongContentError) await rm(part.path, { force: true });
    throw error;
  }
  await syncFile(part.path);
  await rename(part.path, join(folder, file.name));
  await rm(part.tag, { force: true });
}

/** Bytes of a file that are in the folder, whole or in part. */
export async function bytesThere({ name, bytes }: ReleaseFile, folder: string): Promise<number> {
  const [whole, part] = await Promise.all([sizeOf(join(folder, name)), sizeOf(join(folder, `${name}.part`))]);
  return whole === bytes ? whole : Math.min(part, bytes);
}

async function syncFile(path: string): Promise<void> {
  await using handle = await open(path, 'r+');
  await handle.sync();
}
