import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../media/sync-folder.ts';
import { bytesThere, fetchFile, type FileDesk } from './fetch.ts';

/**
 * Brings all files of a release into the desk's folder, one after the other, and gives the folder the name `place`, beside it on the same disk: nobody
 * sees half a model there, whatever happens. What was at the place without being a model is replaced. Throws HubError, StorageFullError.
 */
export async function fetchModel(desk: FileDesk, place: string): Promise<void> {
  const { folder, release } = desk;
  for (const file of release.files) await fetchFile(file, desk);
  await syncFolder(folder);
  await rm(place, { recursive: true, force: true });
  await rename(folder, place);
  await syncFolder(dirname(place));
}

/** Makes the folder for a release, without what was left of other commits; tells `onBytes` what it holds. */
export async function openFolder({ folder, release, onBytes }: FileDesk): Promise<void> {
  await mkdir(folder, { recursive: true });
  const others = (await readdir(dirname(folder))).filter((name) => name !== release.commit);
  await Promise.all(others.map((name) => rm(join(dirname(folder), name), { recursive: true, force: true })));
  for (const file of release.files) onBytes(file, await bytesThere(file, folder));
}
