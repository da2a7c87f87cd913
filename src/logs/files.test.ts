import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fillDisk, mountDisk } from '#src/testing/small-disk.ts';
import { openLogFolder } from './files.ts';

const line = (time: string, text: string) => ({ time: new Date(time), text: `${text}\n` });
const beginning = new Date(0);

/** A folder that is not there yet, in a directory that goes with the test. */
async function openFolder(maxBytes = 1_000_000) {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const path = join(directory, 'logs');
  return {
    path,
    folder: openLogFolder(path, maxBytes),
    read: (name: string) => readFile(join(path, name), 'utf8'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

test('each line goes to the file of its month in UTC, whatever the order, for nobody else to read', async () => {
  await using logs = await openFolder();
  await logs.folder.append([line('2026-11-30T23:59:59.999Z', 'one'), line('2026-12-01T00:00:00Z', 'two')]);
  await logs.folder.append([line('2026-11-30T12:00:00Z', 'the clock was set back')]);
  assert.equal(await logs.read('11-2026.log'), 'one\nthe clock was set back\n');
  assert.equal(await logs.read('12-2026.log'), 'two\n');
  assert.equal((await stat(join(logs.path, '11-2026.log'))).mode & 0o777, 0o600);
  assert.equal((await stat(logs.path)).mode & 0o777, 0o700);
});

test('a file that is deleted is begun anew, and so is the folder', async () => {
  await using logs = await openFolder();
  await logs.folder.append([line('2026-11-01T00:00:00Z', 'one')]);
  await rm(join(logs.path, '11-2026.log'));
  await logs.folder.append([line('2026-11-01T00:00:00Z', 'two')]);
  assert.equal(await logs.read('11-2026.log'), 'two\n');
  await rm(logs.path, { recursive: true });
  await logs.folder.append([line('2026-11-01T00:00:00Z', 'three')]);
  assert.equal(await logs.read('11-2026.log'), 'three\n');
});

test('files of months that ended before a time go, and what is not a log stays', async () => {
  await using logs = await openFolder();
  const months = ['2026-08', '2026-09', '2026-10', '2026-11'];
  await logs.folder.append(months.map((month) => line(`${month}-15T00:00:00Z`, month)));
  await writeFile(join(logs.path, 'notes.txt'), 'mine');
  const now = new Date('2026-11-20T00:00:00Z');
  assert.equal(await logs.folder.trim(new Date('2026-09-30T23:59:59Z'), now), 1);
  assert.equal(await logs.folder.trim(new Date('2026-10-01T00:00:00Z'), now), 1);
  assert.deepEqual(await readdir(logs.path), ['10-2026.log', '11-2026.log', 'notes.txt']);
});

test('beyond the size the oldest files go, those of a clock that was set back first, and this month is there', async () => {
  await using logs = await openFolder(25);
  const months = ['2026-09', '2026-10', '2026-11', '2099-01'];
  await logs.folder.append(months.map((month) => line(`${month}-15T00:00:00Z`, 'x'.repeat(9))));
  assert.equal(await logs.folder.trim(beginning, new Date('2026-11-20T00:00:00Z')), 2);
  assert.deepEqual(await readdir(logs.path), ['10-2026.log', '11-2026.log']);
});

test('a busy month is cut to its newest half at least', async () => {
  await using logs = await openFolder(200);
  for (let count = 0; count < 100; count += 1)
    await logs.folder.append([line('2026-11-01T00:00:00Z', `line ${count}`)]);
  await logs.folder.trim(beginning, new Date('2026-11-20T00:00:00Z'));
  const text = (await logs.read('11-2026.old.log')) + (await logs.read('11-2026.log'));
  const left = text.trimEnd().split('\n');
  assert.ok(text.length >= 100 && text.length <= 216, `${text.length} bytes`);
  assert.deepEqual(
    left,
    left.map((_, index) => `line ${100 - left.length + index}`),
  );
});

test('on a full disk a line is written whole or not at all, and the next goes on when there is room', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  const folder = openLogFolder(join(disk, 'logs'), 100_000_000);
  const time = '2026-11-01T00:00:00Z';
  await folder.append([line(time, 'first')]);
  await fillDisk(join(disk, 'filler'));
  await assert.rejects(folder.append([line(time, 'x'.repeat(100_000))]), { code: 'ENOSPC' });
  assert.equal(await readFile(join(disk, 'logs/11-2026.log'), 'utf8'), 'first\n');
  await rm(join(disk, 'filler'));
  await folder.append([line(time, 'second')]);
  assert.equal(await readFile(join(disk, 'logs/11-2026.log'), 'utf8'), 'first\nsecond\n');
});
