// Builds the image of the Dockerfile without a Docker engine, starts it, and proves what README.md says of it: npm run check:image
// Takes some minutes and 4 GB in the folder for temporary files (TMPDIR), which it gives back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { requireSpace } from '#src/setup/files.mjs';
import { checkImage } from '#src/testing/image/check.ts';
import { whatIsMissing } from '#src/testing/image/needs.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) process.exitCode = await inOwnMounts();
else await checkImage(directory);

/** Runs this program again as the first process of a space of its own: when it ends, all that it has started and mounted goes, whatever happens. */
async function inOwnMounts(): Promise<number> {
  const missing = await whatIsMissing();
  if (missing !== null) {
    process.stderr.write(`${missing}\n`);
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'phonograph-image-'));
  const stop = new AbortController();
  // Not once: with no listener left, execa would end this process at the signal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  try {
    await requireSpace(folder, 5000);
    const space = ['--mount', '--propagation', 'private', '--pid', '--mount-proc', '--fork', '--kill-child'];
    const { exitCode = 1 } = await execa('unshare', [...space, process.execPath, import.meta.filename, folder], {
      stdio: 'inherit',
      reject: false,
      cancelSignal: stop.signal,
    });
    return exitCode;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
