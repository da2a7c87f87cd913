import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rmdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Upload } from '@tus/server';
import { fillDisk, mountDisk } from '#src/testing/small-disk.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { openDiskSpace } from './disk.ts';
import { openResumableUploads, type ResumableUploads } from './resumable-uploads.ts';
import { openUploadFiles } from './upload-files.ts';

const hourMs = 60 * 60 * 1000;
const id = 'x'.repeat(21);

/** Opens the uploads of a data directory; `again` does so as after a kill. */
async function openUploads() {
  const temporary = await openTemporary();
  const { directory: dataDirectory } = temporary;
  await mkdir(join(dataDirectory, 'media'));
  const settings = { dataDirectory, maxUploadBytes: 1000, maxUnfinishedUploadsPerCaller: 5 };
  const space = openDiskSpace({ dataDirectory, minFreeBytes: 0 });
  const again = async () => openResumableUploads(await openUploadFiles(settings, space));
  return {
    dataDirectory,
    again,
    uploads: await again(),
    names: async () =>
      (await readdir(join(dataDirectory, 'resumable'), { recursive: true })).filter((name) => name.includes('/')),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** Begins an upload of alice of five bytes, with the first of them. */
async function begin({ files, keyOf }: ResumableUploads, first = ''): Promise<string> {
  const key = keyOf('alice', id);
  const metadata = { filename: 'a.wav' };
  await files.create(new Upload({ id: key, size: 5, offset: 0, metadata }));
  if (first !== '') await files.write(Readable.from([Buffer.from(first)]), key, 0);
  return key;
}

const rejected = (reason: string) => ({ name: 'MediaRejectedError', reason });

test('after a kill the size of the file tells how far an upload is, and it goes on from there', async () => {
  await using opened = await openUploads();
  const key = await begin(opened.uploads, 'abc');
  const uploads = await opened.again();
  assert.equal((await uploads.files.getUpload(key)).offset, 3);
  await assert.rejects(uploads.find('alice', id), rejected('UPLOAD_UNFINISHED'));
  assert.equal(await uploads.files.write(Readable.from([Buffer.from('de')]), key, 3), 5);
  const found = await (await opened.again()).find('alice', id);
  const { kept } = (await found.keep()) as { readonly kept: string };
  assert.equal(await readFile(join(opened.dataDirectory, 'media', kept), 'utf8'), 'abcde');
});

test('a job keeps its file without a copy of it, which stays when the upload goes', async () => {
  await using opened = await openUploads();
  const { uploads, dataDirectory } = opened;
  const key = await begin(uploads, 'abcde');
  const [one, other] = [await uploads.find('alice', id), await uploads.find('alice', id)];
  const { kept } = (await one.keep()) as { readonly kept: string };
  await other.keep();
  const file = join(dataDirectory, 'media', kept);
  assert.equal((await stat(file)).nlink, 3);
  await other.undo();
  await uploads.files.remove(key);
  assert.equal((await stat(file)).nlink, 1);
  assert.equal(await readFile(file, 'utf8'), 'abcde');
  await assert.rejects(one.keep(), rejected('UPLOAD_UNKNOWN'));
});

test('where the recordings of jobs are on another disk a job has a copy, and none of it where that disk is full', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  await using opened = await openUploads();
  const folder = join(opened.dataDirectory, 'media');
  await rmdir(folder);
  await symlink(disk, folder);
  await begin(opened.uploads, 'abcde');
  const found = await opened.uploads.find('alice', id);
  const { kept } = (await found.keep()) as { readonly kept: string };
  const file = join(folder, kept);
  assert.deepEqual([await readFile(file, 'utf8'), (await stat(file)).nlink], ['abcde', 1]);
  await found.undo();
  await fillDisk(join(disk, 'filler'));
  await assert.rejects(found.keep(), { code: 'ENOSPC' });
  assert.deepEqual(await readdir(folder), ['filler']);
});

test('an unfinished upload goes a day after it was begun, a finished one a day after its end, and none before', async () => {
  await using opened = await openUploads();
  const { uploads } = opened;
  const key = await begin(uploads, 'abc');
  const begun = Date.now();
  assert.equal(await uploads.removeExpired(begun + 23 * hourMs), 0);
  await using lock = await locked(uploads, key);
  assert.equal(await uploads.removeExpired(begun + 25 * hourMs), 0, 'while bytes come for it');
  await lock[Symbol.asyncDispose]();
  await uploads.files.write(Readable.from([Buffer.from('de')]), key, 3);
  // As if all of it had been an hour earlier than it was.
  const ended = new Date(Date.now() - hourMs);
  await utimes(join(opened.dataDirectory, 'resumable', key), ended, ended);
  const later = await opened.again();
  assert.equal(await later.removeExpired(ended.getTime() + 23 * hourMs), 0);
  assert.equal((await later.find('alice', id)).bytes, 5);
  assert.equal(await later.removeExpired(ended.getTime() + 25 * hourMs), 1);
  await assert.rejects(later.find('alice', id), rejected('UPLOAD_UNKNOWN'));
  assert.deepEqual(await opened.names(), []);
});

test('a finished upload lives no longer for a request that brings nothing more', async () => {
  await using opened = await openUploads();
  const { uploads } = opened;
  const key = await begin(uploads, 'abcde');
  const { creation_date: ended } = await uploads.files.getUpload(key);
  // The next millisecond is another time.
  await sleep(2);
  assert.equal(await uploads.files.write(Readable.from([]), key, 5), 5);
  assert.equal((await uploads.files.getUpload(key)).creation_date, ended);
});

async function locked({ locks }: ResumableUploads, key: string): Promise<AsyncDisposable> {
  const lock = locks.newLock(key);
  await lock.lock(new AbortController().signal, () => undefined);
  return { [Symbol.asyncDispose]: () => lock.unlock() };
}

test('an upload that is over its time and not removed yet is not there', async () => {
  await using opened = await openUploads();
  const key = await begin(opened.uploads, 'abcde');
  const old = new Date(Date.now() - 25 * hourMs);
  await utimes(join(opened.dataDirectory, 'resumable', key), old, old);
  await assert.rejects((await opened.again()).find('alice', id), rejected('UPLOAD_UNKNOWN'));
});

test('what a kill has left of an upload that was being begun or removed goes at the next start', async () => {
  await using opened = await openUploads();
  const key = await begin(opened.uploads, 'abc');
  const folder = join(opened.dataDirectory, 'resumable', key, '..');
  await writeFile(join(folder, 'y'.repeat(21)), 'bytes of nothing');
  await writeFile(join(folder, `${'z'.repeat(21)}.json`), '{"id":"of no bytes"}');
  await writeFile(join(folder, 'w'.repeat(21)), '');
  await writeFile(join(folder, `${'w'.repeat(21)}.json`), '{"id":"half of it');
  await writeFile(join(opened.dataDirectory, 'resumable', 'no-folder'), '');
  await opened.again();
  assert.deepEqual((await opened.names()).toSorted(), [key, `${key}.json`]);
});

test('uploads of another owner, of no id, and of ids that lead elsewhere are unknown', async () => {
  await using opened = await openUploads();
  await begin(opened.uploads, 'abcde');
  for (const [owner, asked] of [
    ['bob', id],
    [null, id],
    ['alice', ''],
    ['alice', `../${id}`],
    ['alice', '..'],
    ['alice', `${id}.json`],
    ['alice', '\0'],
  ] as const) {
    await assert.rejects(opened.uploads.find(owner, asked), rejected('UPLOAD_UNKNOWN'));
  }
});

test('many who want an upload have it one after the other, each having the one before let go', async () => {
  await using opened = await openUploads();
  const { locks } = opened.uploads;
  let [working, asked, done] = [0, 0, 0];
  const work = async () => {
    const lock = locks.newLock('key');
    const wanted = Promise.withResolvers<void>();
    await lock.lock(new AbortController().signal, () => {
      asked += 1;
      wanted.resolve();
    });
    working += 1;
    assert.equal(working, 1);
    if (done < 99) await wanted.promise;
    working -= 1;
    done += 1;
    await lock.unlock();
  };
  await Promise.all(Array.from({ length: 100 }, work));
  await locks.settled();
  assert.ok(asked >= 99);
});
