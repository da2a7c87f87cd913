import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '#src/errors.ts';
import { openDiskSpace } from '#src/media/disk.ts';
import { openLocalMediaStore } from '#src/media/local.ts';
import type { MediaStore } from '#src/media/store.ts';
import { type Harness, openHarness } from './fixtures/harness.ts';

/** A media store that does not answer the first questions. */
async function openAway({ config }: Harness, failures: number): Promise<Pick<MediaStore, 'open'>> {
  const media = await openLocalMediaStore(config.server, openDiskSpace(config.server));
  let left = failures;
  return {
    async open(asked) {
      left -= 1;
      if (left >= 0) throw new RequestError('SERVICE_UNAVAILABLE', 'The store of the recordings does not answer.');
      return media.open(asked);
    },
  };
}

test('a job waits for a media store that is away, and has lost no attempt when it is back', async () => {
  await using harness = await openHarness('speaks');
  harness.start({ media: await openAway(harness, 3) });
  const { id } = await harness.add();
  const job = await harness.until(id, ({ status }) => status === 'COMPLETED' || status === 'FAILED');
  assert.equal(job.status, 'COMPLETED');
  assert.equal((await harness.store.attempts(id)).length, 1);
  assert.ok(harness.logs.some(({ what, tries }) => what === 'media' && tries === 4));
});

test('a job that waits for a media store is cancelled at once', async () => {
  await using harness = await openHarness('speaks');
  harness.start({ media: await openAway(harness, Number.POSITIVE_INFINITY) });
  const { id } = await harness.add();
  await harness.untilLogged('store does not answer');
  await harness.store.cancel(id);
  await harness.until(id, ({ status }) => status === 'CANCELLED');
  assert.deepEqual(await harness.left(), []);
});
