import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { storeManyJobs } from '../many-jobs.ts';
import { openProcessHarness, residentBytes } from '../process.ts';
import type { Target } from './target.ts';

/** A server process with a hundred jobs, to be attacked. */
export interface Arena extends AsyncDisposable {
  readonly target: Target;
  /** Throws where the process has ended, or does not answer. */
  isAlive(): Promise<void>;
  /** Memory of the server process. */
  residentBytes(): Promise<number>;
}

export async function openArena({ effort }: { readonly effort: number }): Promise<Arena> {
  const harness = await openProcessHarness('speaks');
  const [data, outside] = [join(harness.directory, 'data'), join(harness.directory, 'outside')];
  await Promise.all([mkdir(data), mkdir(outside)]);
  await copyFile(join(harness.media, 'speech.wav'), join(outside, 'secret.wav'));
  await storeManyJobs(join(data, 'phonograph.db'), { jobs: 100, segments: 1000, ofNewest: 100 });
  const { child, url } = harness.start({ PHONOGRAPH_MAX_UPLOAD_BYTES: '200000000' });
  const target: Target = { url: await url, host: new URL(await url).host, media: harness.media, outside, effort };
  return {
    target,
    async isAlive() {
      assert.equal(child.exitCode, null, 'the server has ended');
      assert.equal((await fetch(`${target.url}/health`)).status, 200);
    },
    residentBytes: () => residentBytes(child.pid),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}
