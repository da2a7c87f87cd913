import { open } from 'node:fs/promises';

/** Writes the names in a folder to disk: without it a loss of power may undo a rename. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
