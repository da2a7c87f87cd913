import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFinished } from '#src/jobs/job.ts';
import { assertGapless, type Harness, openHarness } from './fixtures/harness.ts';

const over = { timeout: 60_000 };

/** All that is said of a job that ends by itself. */
async function lengthOf(harness: Harness): Promise<number> {
  const { id } = await harness.add();
  return (await harness.until(id, ({ status }) => isFinished(status))).lastEventSeq;
}

/** How often a job came to an end, and how. */
async function endingsOf(harness: Harness, id: string): Promise<readonly string[]> {
  const events = await assertGapless(harness, id);
  return events.flatMap((event) => (event.kind === 'STATUS_CHANGED' && isFinished(event.status) ? event.status : []));
}

test('a cancel after whichever event of a job, and once more, ends it exactly once', over, async () => {
  await using harness = await openHarness('speaks');
  harness.start({ numJobs: () => 2 });
  const length = await lengthOf(harness);
  for (let seq = 1; seq <= length; seq += 1) {
    const { id } = await harness.add();
    await harness.until(id, ({ lastEventSeq }) => lastEventSeq >= seq);
    await Promise.all([harness.store.cancel(id), harness.store.cancel(id)]);
    const { status, cancelRequestedAt } = await harness.until(id, (job) => isFinished(job.status));
    assert.equal(status, cancelRequestedAt === null ? 'COMPLETED' : 'CANCELLED', `after event ${seq}`);
    assert.deepEqual(await endingsOf(harness, id), [status]);
    assert.deepEqual(await harness.left(), []);
  }
});

test(
  'a cancel that meets the retry of a cancelled job ends it once for each time that it was queued',
  over,
  async () => {
    await using harness = await openHarness('waits');
    harness.start();
    const { id } = await harness.add();
    for (let round = 1; round <= 3; round += 1) {
      await harness.until(id, ({ status, segmentCount }) => status === 'WORKING' && segmentCount === 2);
      await harness.store.cancel(id);
      await harness.until(id, ({ status }) => status === 'CANCELLED');
      assert.equal((await endingsOf(harness, id)).length, 2 * round - 1);
      assert.deepEqual(await harness.left(), []);
      await Promise.all([harness.store.retry(id, true), harness.store.cancel(id)]);
      assert.equal((await harness.until(id, ({ status }) => isFinished(status))).status, 'CANCELLED');
      assert.equal((await endingsOf(harness, id)).length, 2 * round);
      await harness.store.retry(id, true);
    }
  },
);
