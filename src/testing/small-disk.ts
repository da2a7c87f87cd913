import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A disk of 8 MB in memory; null where this user may not mount one, and the test is skipped. */
export async function mountDisk(t: TestContext): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    await rm(folder, { recursive: true });
    t.skip('only root can mount a small disk');
    return null;
  }
  t.after(async () => {
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

const isDone = () => true;
const isRefused = () => false;

/** Writes a file until its disk takes no more. */
export async function fillDisk(file: string): Promise<void> {
  await using handle = await open(file, 'w');
  for (const bytes of [65_536, 4096, 1]) {
    const write = () => handle.write(Buffer.alloc(bytes)).then(isDone, isRefused);
    while (await write());
  }
}
