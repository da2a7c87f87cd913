import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporary } from '#src/store/sqlite/temporary.ts';
import { openRecording } from './recording.ts';

const unheard = { durationSeconds: null, container: null, codec: null, sampleRate: null, channels: null, warnings: [] };

/** Media roots and a data directory, with a recording of five bytes in both. */
async function openFolders() {
  const temporary = await openTemporary();
  const { directory } = temporary;
  const folders = { dataDirectory: join(directory, 'data'), mediaRoots: [join(directory, 'root')] };
  await mkdir(join(folders.dataDirectory, 'media'), { recursive: true });
  await mkdir(join(directory, 'root/.hidden'), { recursive: true });
  await mkdir(join(directory, 'outside'));
  const names = ['root/a.wav', 'root/b.wav', 'root/.hidden/a.wav', 'outside/a.wav', 'data/media/kept'];
  for (const name of names) await writeFile(join(directory, name), '12345');
  const media = (path: string, stored = false) => {
    const name = 'a.wav';
    return { name, path: join(directory, path), stored, bytes: 5, sha256: null, ...unheard };
  };
  const opens = async (...[path, stored]: Parameters<typeof media>) => {
    const recording = await openRecording(media(path, stored), folders);
    await recording?.handle.close();
    return recording !== null;
  };
  return { directory, opens, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

test('a recording is opened under a media root, and a copy by its name, wherever the database says it is', async () => {
  await using folders = await openFolders();
  assert.ok(await folders.opens('root/a.wav'));
  assert.ok(await folders.opens('data/media/kept', true));
  assert.ok(await folders.opens('the/server/before/media/kept', true));
});

test('nothing else is opened: not outside, not hidden, not a folder, not what only looks like a copy', async () => {
  await using folders = await openFolders();
  for (const path of ['outside/a.wav', 'root/.hidden/a.wav', 'root', 'root/none.wav', 'data/media/kept']) {
    assert.equal(await folders.opens(path), false, path);
  }
  assert.equal(await folders.opens('root/a.wav', true), false);
});

test('a link in the place of a recording opens nothing, wherever it leads', async () => {
  await using folders = await openFolders();
  const place = join(folders.directory, 'root/a.wav');
  for (const goal of ['outside/a.wav', 'root/b.wav']) {
    await rename(place, join(folders.directory, 'before'));
    await symlink(join(folders.directory, goal), place);
    assert.equal(await folders.opens('root/a.wav'), false, goal);
  }
});

test('another size is another recording', async () => {
  await using folders = await openFolders();
  await writeFile(join(folders.directory, 'root/a.wav'), '123456');
  assert.equal(await folders.opens('root/a.wav'), false);
});
