import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFinished } from '#src/jobs/job.ts';
import { assertGapless, type House, openHouse } from './fixtures/harness.ts';

const over = { timeout: 60_000 };

/** All that is said of a job that ends by itself. */
async function lengthOf(house: House): Promise<number> {
  const { id } = await house.add();
  return (await house.until(id, ({ status }) => isFinished(status))).lastEventSeq;
}

/** How often a job came to an end, and how. */
async function endingsOf(house: House, id: string): Promise<readonly string[]> {
  const events = await assertGapless(house, id);
  return events.flatMap((event) => (event.kind === 'STATUS_CHANGED' && isFinished(event.status) ? event.status : []));
}

test('a cancel after whichever event of a job, and once more, ends it exactly once', over, async () => {
  await using house = await openHouse('speaks');
  house.start({ numJobs: () => 2 });
  const length = await lengthOf(house);
  for (let seq = 1; seq <= length; seq += 1) {
    const { id } = await house.add();
    await house.until(id, ({ lastEventSeq }) => lastEventSeq >= seq);
    await Promise.all([house.store.cancel(id), house.store.cancel(id)]);
    const { status, cancelRequestedAt } = await house.until(id, (job) => isFinished(job.status));
    assert.equal(status, cancelRequestedAt === null ? 'COMPLETED' : 'CANCELLED', `after event ${seq}`);
    assert.deepEqual(await endingsOf(house, id), [status]);
    assert.deepEqual(await house.left(), []);
  }
});

test(
  'a cancel that meets the retry of a cancelled job ends it once for each time that it was queued',
  over,
  async () => {
    await using house = await openHouse('waits');
    house.start();
    const { id } = await house.add();
    for (let round = 1; round <= 3; round += 1) {
      await house.until(id, ({ status, segmentCount }) => status === 'WORKING' && segmentCount === 2);
      await house.store.cancel(id);
      await house.until(id, ({ status }) => status === 'CANCELLED');
      assert.equal((await endingsOf(house, id)).length, 2 * round - 1);
      assert.deepEqual(await house.left(), []);
      await Promise.all([house.store.retry(id, true), house.store.cancel(id)]);
      assert.equal((await house.until(id, ({ status }) => isFinished(status))).status, 'CANCELLED');
      assert.equal((await endingsOf(house, id)).length, 2 * round);
      await house.store.retry(id, true);
    }
  },
);
