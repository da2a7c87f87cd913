import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { followByWebSocket } from '#src/testing/follow.ts';
import { openProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';

const root = join(import.meta.dirname, '../../..');

/** How a clock is set: for JavaScript alone, which works everywhere, and for the whole process where libfaketime is installed. */
const ways: readonly { readonly name: string; readonly environment: (file: string) => Record<string, string> }[] = [
  {
    name: 'Date',
    environment: (file) => ({
      NODE_OPTIONS: `--import ${join(root, 'src/testing/set-clock.ts')}`,
      SET_CLOCK_FILE: file,
    }),
  },
  ...globSync([
    '/usr/lib/*/faketime/libfaketime.so.1',
    join(root, '.venv/lib/python3*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1'),
  ]).map((library) => ({
    name: library,
    environment: (file: string) => ({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }),
  })),
];

for (const { name, environment } of ways) {
  test(`a clock that jumps two hours ahead and four back changes nothing for a running job, set by ${name}`, async () => {
    await using harness = await openProcessHarness('twelve-batches 250');
    const file = join(harness.directory, 'clock');
    // In one step: half a file would be another time.
    const setClock = async (hours: string) => {
      await writeFile(`${file}.new`, hours);
      await rename(`${file}.new`, file);
    };
    await setClock('+0h');
    const url = await harness.start({ ...environment(file), PHONOGRAPH_ENGINE_SILENCE_SECONDS: '2' }).url;
    const id = await submitTo(url);
    const statuses: string[] = [];
    let batches = 0;
    for await (const { status, segments } of followByWebSocket(url, id)) {
      if (status !== undefined) statuses.push(status);
      if (segments === undefined) continue;
      batches += 1;
      if (batches === 2) await setClock('+2h');
      if (batches === 7) await setClock('-2h');
    }
    assert.deepEqual(statuses, ['QUEUED', 'WORKING', 'COMPLETED']);
    const query = `{ job(id: "${id}") { createdAt finishedAt attempts { outcome } } }`;
    const { job } = (await ask(url, JSON.stringify({ query }))).data;
    assert.deepEqual(job.attempts, [{ outcome: 'COMPLETED' }]);
    const hours = (Date.parse(job.finishedAt) - Date.parse(job.createdAt)) / 3_600_000;
    assert.ok(Math.abs(hours + 2) < 0.1, `the clock was set by ${hours} hours`);
  });
}
