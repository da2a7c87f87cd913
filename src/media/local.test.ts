import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openTemporary } from '#src/testing/temporary.ts';
import type { MediaKey } from '../jobs/job.ts';
import { openLocalMediaStore } from './local.ts';

const root = 'recordings';
const anyRoom = { requireFreeSpace: () => Promise.resolve(), requireFreeSpaceFor: () => Promise.resolve() };

/** Media roots and a data directory, with a recording of five bytes in both. */
async function openFolders() {
  const temporary = await openTemporary();
  const { directory } = temporary;
  const mediaRoots = [{ configured: root, path: join(directory, 'root') }];
  const folders = { dataDirectory: join(directory, 'data'), mediaRoots };
  await mkdir(join(folders.dataDirectory, 'media'), { recursive: true });
  await mkdir(join(directory, 'root/.hidden'), { recursive: true });
  await mkdir(join(directory, 'outside'));
  const names = ['root/a.wav', 'root/b.wav', 'root/.hidden/a.wav', 'outside/a.wav', 'data/media/kept'];
  for (const name of names) await writeFile(join(directory, name), '12345');
  const media = await openLocalMediaStore({ ...folders, maxUploadBytes: 10 }, anyRoom);
  const opens = async (key: MediaKey) => {
    await using recording = await media.open({ key, bytes: 5 });
    return recording !== null;
  };
  return { directory, media, opens, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

test('a recording is opened by its media root as the settings name it, and a copy by its name', async () => {
  await using folders = await openFolders();
  assert.ok(await folders.opens({ root, path: 'a.wav' }));
  assert.ok(await folders.opens({ kept: 'kept' }));
  assert.ok(
    await folders.opens({ root: join(folders.directory, 'root'), path: 'a.wav' }),
    'a root that was named otherwise',
  );
});

test('nothing else is opened: not outside, not hidden, not a folder, not what only looks like a copy', async () => {
  await using folders = await openFolders();
  for (const path of ['../outside/a.wav', '.hidden/a.wav', '', 'none.wav', '../data/media/kept']) {
    assert.equal(await folders.opens({ root, path }), false, path);
  }
  for (const key of [
    { root: 'other', path: 'a.wav' },
    { root: join(folders.directory, 'outside'), path: 'a.wav' },
  ]) {
    assert.equal(await folders.opens(key), false, key.root);
  }
  for (const kept of ['none', '..', '../../root/a.wav']) assert.equal(await folders.opens({ kept }), false, kept);
});

test('a link in the place of a recording opens nothing, wherever it leads', async () => {
  await using folders = await openFolders();
  const place = join(folders.directory, 'root/a.wav');
  for (const goal of ['outside/a.wav', 'root/b.wav']) {
    await rename(place, join(folders.directory, 'before'));
    await symlink(join(folders.directory, goal), place);
    assert.equal(await folders.opens({ root, path: 'a.wav' }), false, goal);
  }
});

test('another size is another recording', async () => {
  await using folders = await openFolders();
  await writeFile(join(folders.directory, 'root/a.wav'), '123456');
  assert.equal(await folders.opens({ root, path: 'a.wav' }), false);
});

test('what is open stays what it was, whatever becomes of its path', async () => {
  await using folders = await openFolders();
  const path = join(folders.directory, 'root/a.wav');
  await using recording = await folders.media.open({ key: { root, path: 'a.wav' }, bytes: 5 });
  assert.ok(recording !== null);
  const file = await recording.local();
  await rename(join(folders.directory, 'outside/a.wav'), path);
  await writeFile(path, 'other');
  assert.equal(await readFile(file.path, 'utf8'), '12345');
  assert.equal(file.inode, String((await stat(file.path)).ino));
  assert.equal(await text(recording.read(1, 3)), '234');
  assert.equal(await recording.sha256(), sha256('12345'));
});

test('a recording has the hash of its bytes, and none where they change meanwhile or nobody wants it', async () => {
  await using folders = await openFolders();
  await using recording = await folders.media.open({ key: { kept: 'kept' }, bytes: 5 });
  assert.ok(recording !== null);
  assert.equal(await recording.sha256(), sha256('12345'));
  assert.equal(await recording.sha256(AbortSignal.abort()), null);
  await appendFile(join(folders.directory, 'data/media/kept'), '6');
  assert.equal(await recording.sha256(), null);
});

function sha256(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('what somebody goes on fetching stays, however long ago its last bytes came', async () => {
  await using folders = await openFolders();
  const { directory, media } = folders;
  const path = join(directory, 'data/downloads/old');
  await writeFile(path, '12345');
  const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
  await utimes(path, before, before);
  {
    await using arrival = await media.arrive('old');
    await media.removeOldArrivals();
    await arrival.append(Buffer.from('678'));
    await arrival.keep();
  }
  assert.equal(await readFile(join(directory, 'data/media/old'), 'utf8'), '12345678');
});

test('what has come of a recording outlives a start, and goes with its job, or when nobody has added to it for a day', async () => {
  await using folders = await openFolders();
  const { directory, media } = folders;
  for (const name of ['new', 'old', 'removed']) {
    await using arrival = await media.arrive(name);
    await arrival.append(Buffer.from('12345'));
  }
  const downloads = join(directory, 'data/downloads');
  const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
  await utimes(join(downloads, 'old'), before, before);
  await media.remove('removed');
  await media.removeOldArrivals();
  assert.deepEqual(await readdir(downloads), ['new']);
  await using arrival = await media.arrive('new');
  assert.equal(arrival.bytes, 5);
  await arrival.keep();
  assert.deepEqual([await readdir(downloads), await folders.opens({ kept: 'new' })], [[], true]);
});
