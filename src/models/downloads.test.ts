import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestHub } from '#src/testing/hub.ts';
import { assertWhole, openModelHarness, requestsFor } from '#src/testing/model-directory.ts';
import { fillDisk, mountDisk } from '#src/testing/small-disk.ts';

test('a model is downloaded whole, from one commit, without what else is in its repository', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  assert.equal(await harness.download(), null);
  assert.equal(harness.downloads.state('tiny').bytes, 200_000 + 99 * (12 + 15 + 15));
  await assertWhole(harness, hub);
  const [first, ...others] = hub.requests;
  assert.equal(first?.path, '/api/models/Systran/faster-whisper-tiny/revision/main');
  assert.equal(others.length, 8, 'each file by its address, and by the one that leads to');
});

test('a download that is asked for twice at once is one', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  await Promise.all([1, 2, 3].map(() => harness.start()));
  await harness.ended();
  assert.equal(hub.requests.filter(({ path }) => path.startsWith('/api/models/')).length, 1);
  assert.equal(requestsFor('model.bin', hub).length, 1);
});

test('two models come at a time, and a third when one of them is done', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  const { downloads } = harness;
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 10 } : undefined);
  for (const id of ['tiny', 'base']) {
    const held = hub.held();
    await harness.start(id);
    await held;
  }
  await harness.start('small');
  await harness.start('medium');
  await downloads.cancel('medium');
  assert.equal(downloads.state('medium').downloading, null, 'who waits can be cancelled');
  assert.equal(downloads.state('small').downloading, 0);
  hub.whim = () => undefined;
  await downloads.cancel('base');
  assert.equal(await harness.ended('small'), null);
  assert.notEqual(downloads.state('tiny').downloading, null);
  hub.release();
  assert.equal(await harness.ended(), null);
});

test('a cancel removes what has come, and the model can be downloaded anew', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  const { downloads } = harness;
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 100_000 } : undefined);
  const held = hub.held();
  await harness.start();
  await held;
  await downloads.cancel('tiny');
  const { downloading, problem } = downloads.state('tiny');
  assert.deepEqual([downloading, problem, await readdir(join(harness.modelDirectory, '.downloads'))], [null, null, []]);
  hub.whim = () => undefined;
  assert.equal(await harness.download(), null);
  assert.equal(requestsFor('model.bin', hub).at(-1)?.headers.range, undefined);
});

test('a model for which the disk has no room is refused before a byte of it is asked for', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub, { minFreeBytes: 2 ** 52 });
  await assert.rejects(harness.start(), { name: 'StorageFullError' });
  assert.match(harness.downloads.state('tiny').problem ?? '', /bytes free/u);
  assert.equal(hub.requests.length, 1);
});

test('a disk that fills up ends the download, which goes on when there is room', async (t) => {
  const folder = await mountDisk(t);
  if (folder === null) return;
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub, { folder });
  hub.whim = ({ host }) => (host === 'content' ? { holdAt: 4096 } : undefined);
  const held = hub.held();
  await harness.start();
  await held;
  await fillDisk(join(folder, 'filler'));
  hub.release();
  assert.equal(await harness.ended(), 'The disk of the server is full.');
  await rm(join(folder, 'filler'));
  hub.whim = () => undefined;
  assert.equal(await harness.download(), null);
  await assertWhole(harness, hub);
  assert.match(requestsFor('model.bin', hub).at(-1)?.headers.range ?? '', /^bytes=[1-9]/u);
});

test('what is no whole model gives way to the one that is downloaded', async () => {
  await using hub = await openTestHub();
  await using harness = await openModelHarness(hub);
  const place = join(harness.modelDirectory, 'tiny');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'model.bin'), 'half');
  assert.equal(await harness.download(), null);
  await assertWhole(harness, hub);
});
