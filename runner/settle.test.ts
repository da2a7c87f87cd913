import assert from 'node:assert/strict';
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFinished, jobLabelsSchema } from '#src/jobs/job.ts';
import { plainOptions } from './fixtures/claim.ts';
import { openHarness } from './fixtures/harness.ts';

test('a recording that is written to without end is taken as it is after a minute', async () => {
  await using harness = await openHarness('speaks');
  const path = join(harness.config.server.mediaRoots[0]?.path ?? '', 'speech.wav');
  const media = { name: 'speech.wav', key: { root: '/recordings', path: 'speech.wav' }, bytes: 1, sha256: null };
  const { job } = await harness.store.addJob({
    ...jobLabelsSchema.parse({}),
    options: plainOptions,
    media,
    idempotencyKey: null,
    callerId: null,
    settling: true,
  });
  let seconds = 0;
  // Each look finds it longer than the one before, 20 s later.
  harness.settle(() => {
    if (seconds < 60) appendFileSync(path, '.');
    return (seconds += 20) * 1000;
  });
  harness.start();
  const { status, media: read } = await harness.until(job.id, (now) => isFinished(now.status));
  assert.deepEqual([status, read.bytes], ['COMPLETED', statSync(path).size]);
  assert.ok(seconds >= 60);
});
