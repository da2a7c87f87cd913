import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Reading } from '../store/port.ts';

const pageSize = 5000;

/**
 * Removes the recordings under the data directory that belong to no job: of an upload whose server died between keeping the file and storing the
 * job, or of a deleted job whose file was still there. Only while nothing arrives. Returns how many there were.
 */
export async function sweepMedia(dataDirectory: string, store: Pick<Reading, 'storedMedia'>): Promise<number> {
  const folder = join(dataDirectory, 'media');
  const nameless = new Set(await readdir(folder));
  // By name: a data directory that was moved has other paths than the jobs remember, and must not lose its recordings.
  if (nameless.size === 0) return 0;
  for await (const path of storedPaths(store)) nameless.delete(basename(path));
  for (const name of nameless) await rm(join(folder, name), { recursive: true, force: true });
  return nameless.size;
}

async function* storedPaths(store: Pick<Reading, 'storedMedia'>): AsyncGenerator<string> {
  let page = await store.storedMedia({ limit: pageSize });
  for (;;) {
    yield* page.map(({ item }) => item);
    const last = page.at(-1);
    if (last === undefined) return;
    page = await store.storedMedia({ limit: pageSize, after: last.key });
  }
}
