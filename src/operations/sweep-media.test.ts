import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { added } from '#src/store/contract/samples.ts';
import { openStore } from '#src/store/open.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { openDiskSpace } from '../media/disk.ts';
import { openLocalMediaStore } from '../media/local.ts';
import type { MediaStore } from '../media/store.ts';
import { openTrash } from '../media/trash.ts';
import { sweepMedia } from './sweep-media.ts';

function openFolder(dataDirectory: string): Promise<MediaStore> {
  return openLocalMediaStore(
    { dataDirectory, mediaRoots: [], maxUploadBytes: 10 },
    openDiskSpace({ dataDirectory, minFreeBytes: 0 }),
  );
}

/** A data directory with recordings in it, and what sweeps it. */
async function openSwept({ isNew = false } = {}) {
  const temporary = await openTemporary();
  const { directory, stack } = temporary;
  const opened = stack.use(await openStore({ database: ':memory:' }));
  const store = { ...opened, isNew };
  for (const folder of ['uploads', 'media']) await mkdir(join(directory, folder));
  const file = { name: 'a.wav', bytes: 1, sha256: null };
  await added(store, { media: { ...file, key: { kept: 'of-a-job' } } });
  await added(store, { media: { ...file, key: { root: '/media', path: 'under-a-root' } } });
  for (const name of ['of-a-job', 'under-a-root', 'of-nobody']) await writeFile(join(directory, 'media', name), 'x');
  const trash = openTrash(directory);
  const logs: string[] = [];
  const log = pino({ messageKey: 'event' }, { write: (line: string) => logs.push(JSON.parse(line).event) });
  return {
    directory,
    trash,
    logs,
    /** As a server does that is started. */
    sweep: async () => sweepMedia({ store, media: await openFolder(directory), log }),
    namesIn: async (folder: string) => (await readdir(join(directory, folder))).toSorted(),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

test('at a start, half of an upload goes, recordings of no job go into the trash, and those of jobs stay', async () => {
  await using swept = await openSwept();
  const { directory } = swept;
  await writeFile(join(directory, 'uploads/half.part'), 'x');
  await openFolder(directory);
  assert.equal(await swept.sweep(), 2);
  assert.deepEqual(await swept.namesIn('media'), ['of-a-job']);
  assert.deepEqual(await swept.namesIn('uploads'), []);
  const [day = '', ...others] = await swept.namesIn('trash');
  assert.deepEqual(others, []);
  assert.deepEqual(await swept.namesIn(`trash/${day}`), ['of-nobody', 'under-a-root']);
  assert.deepEqual(swept.logs, ['recordings of no job removed']);
  assert.equal(await swept.sweep(), 0);
});

test('a start without the database moves nothing, and says so', async () => {
  await using swept = await openSwept({ isNew: true });
  assert.equal(await swept.sweep(), 0);
  assert.deepEqual(await swept.namesIn('media'), ['of-a-job', 'of-nobody', 'under-a-root']);
  assert.deepEqual(swept.logs, ['recordings without a database']);
});

test('what lies in the trash goes after a week, or all of it when it is emptied', async () => {
  await using swept = await openSwept();
  const { directory, trash } = swept;
  await swept.sweep();
  await mkdir(join(directory, 'trash/2020-01-01'));
  await writeFile(join(directory, 'trash/2020-01-01/old'), 'x');
  const hours = (count: number) => Date.now() + count * 3_600_000;
  assert.equal(await trash.removeOld(), 1);
  assert.equal(await trash.removeOld(hours(7 * 24)), 0);
  assert.equal(await trash.removeOld(hours(8 * 24)), 2);
  await writeFile(join(directory, 'media/another'), 'x');
  await swept.sweep();
  assert.equal(await trash.empty(), 1);
  assert.deepEqual(await swept.namesIn('trash'), []);
  assert.equal(await trash.empty(), 0);
});

test('a disk that is short of room has the trash emptied first', async () => {
  await using swept = await openSwept();
  await swept.sweep();
  const storage = openDiskSpace({ dataDirectory: swept.directory, minFreeBytes: Number.MAX_SAFE_INTEGER }, swept.trash);
  await assert.rejects(storage.requireFreeSpace(), { code: 'STORAGE_FULL' });
  assert.deepEqual(await swept.namesIn('trash'), []);
});

test('a data directory without recordings asks the store nothing', async () => {
  await using temporary = await openTemporary();
  const media = await openFolder(temporary.directory);
  const store = { isNew: false, keptMedia: () => Promise.reject(new Error('asked')) };
  const log = pino({ level: 'silent' });
  assert.equal(await sweepMedia({ store, media, log }), 0);
});
