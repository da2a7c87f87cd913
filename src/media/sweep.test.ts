import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBell } from '#src/bell.ts';
import { added } from '#src/store/contract/samples.ts';
import { openSqliteStore } from '#src/store/sqlite/open.ts';
import { openTemporary } from '#src/store/sqlite/temporary.ts';
import { openStorage } from '../storage.ts';
import { sweepMedia } from './sweep.ts';
import { openUploads } from './upload.ts';

function openFolder(dataDirectory: string): Promise<unknown> {
  return openUploads({ dataDirectory, maxUploadBytes: 10 }, openStorage({ dataDirectory, minFreeBytes: 0 }));
}

test('at a start, half of an upload and recordings of no job go, and those of jobs stay', async () => {
  await using temporary = await openTemporary();
  const { directory } = temporary;
  await using store = await openSqliteStore({ file: ':memory:', bell: openBell() });
  for (const folder of ['uploads', 'media']) await mkdir(join(directory, folder));
  const file = (name: string) => ({ name: 'a.wav', path: join('/moved', name), bytes: 1, sha256: null });
  await added(store, { media: { ...file('of-a-job'), stored: true } });
  await added(store, { media: { ...file('under-a-root'), stored: false } });
  for (const name of ['of-a-job', 'under-a-root', 'of-nobody']) await writeFile(join(directory, 'media', name), 'x');
  await writeFile(join(directory, 'uploads/half.part'), 'x');
  await openFolder(directory);
  assert.equal(await sweepMedia(directory, store), 2);
  assert.deepEqual(await readdir(join(directory, 'media')), ['of-a-job']);
  assert.deepEqual(await readdir(join(directory, 'uploads')), []);
  assert.equal(await sweepMedia(directory, store), 0);
});

test('a data directory without recordings asks the store nothing', async () => {
  await using temporary = await openTemporary();
  await openFolder(temporary.directory);
  const store = { storedMedia: () => Promise.reject(new Error('asked')) };
  assert.equal(await sweepMedia(temporary.directory, store), 0);
});
