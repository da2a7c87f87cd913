import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nanoid } from 'nanoid';
import type { Config } from '../../config/config.ts';
import { type DiskSpace, mediaFolder } from '../disk.ts';
import { localFile, unfinishedMs } from '../local.ts';
import { pathToOpen } from '../real-file.ts';
import type { SampleStore } from './samples.ts';

const unfinished = '.part';
/** Files beside the recordings that the server keeps, where all who share these find them. */
export async function openLocalSamples(
  settings: Pick<Config['server'], 'dataDirectory' | 'mediaStore'>,
  space: Pick<DiskSpace, 'requireFreeSpaceFor'>,
): Promise<SampleStore> {
  const folder = join(mediaFolder(settings), 'samples');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = (jobId: string): string => join(folder, basename(jobId));
  return {
    async write(jobId, bytes) {
      await space.requireFreeSpaceFor(bytes, folder);
      const path = join(folder, nanoid() + unfinished);
      const handle = await open(path, 'wx', 0o600);
      return {
        path: pathToOpen(handle, path),
        keep: () => rename(path, kept(jobId)),
        async [Symbol.asyncDispose]() {
          await handle.close();
          await rm(path, { force: true });
        },
      };
    },
    async open(jobId) {
      const handle = await open(kept(jobId), 'r').catch(() => null);
      if (handle === null) return null;
      const file = localFile(handle, await handle.stat({ bigint: true }), kept(jobId));
      return { file, [Symbol.asyncDispose]: () => handle.close() };
    },
    remove: (jobId) => rm(kept(jobId), { force: true }),
    async sweep(isNeeded) {
      for (const name of await readdir(folder)) {
        if (!name.endsWith(unfinished)) {
          if (!(await isNeeded(name))) await rm(join(folder, name), { force: true });
          continue;
        }
        const stats = await stat(join(folder, name)).catch(() => null);
        if (stats !== null && stats.mtimeMs < Date.now() - unfinishedMs) await rm(join(folder, name), { force: true });
      }
    },
  };
}
