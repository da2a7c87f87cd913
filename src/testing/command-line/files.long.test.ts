import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFile, chmod, mkdir, readdir, readFile, rm, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { recordingsOfFolder } from '#clients/cli/transcribe/recordings.ts';
import { openBreakingLine } from '#src/testing/breaking-line.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { jsonLines, main, phonograph, start } from './run.ts';

const sample = join(import.meta.dirname, '../../../samples/jfk.flac');

test('beside recordings may lie what is called like one and is no file, and names may be as long as they can be', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const cwd = temporary.directory;
  const long = 'x'.repeat(250);
  for (const name of ['talk.flac', `${long}.mka`]) await placeRecording(sample, join(cwd, name));
  await mkdir(join(cwd, 'folder'));
  execFileSync('mkfifo', ['pipe.flac'], { cwd });
  await symlink('folder', join(cwd, 'film.mp4'));
  await symlink('pipe.flac', join(cwd, 'link.flac'));
  await symlink('gone', join(cwd, 'gone.ts'));
  const call = { server: server.url, cwd };
  const all = await phonograph(['transcribe', '.', 'talk.flac', './talk.flac'], call);
  assert.equal(all.exitCode, 0, all.stderr);
  assert.match(all.stderr, /2 of 2 done\.$/u);
  assert.deepEqual((await readdir(cwd)).filter((name) => /srt|part/u.test(name)).toSorted(), [
    'talk.srt',
    `${long}.srt`,
  ]);
  const { exitCode, stderr } = await phonograph(['transcribe', 'pipe.flac'], call);
  assert.deepEqual([exitCode, stderr.trim()], [1, `pipe.flac: failed. ${join(cwd, 'pipe.flac')} is no file.`]);
});

test('two recordings whose transcripts would be one file are not taken for each other', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const cwd = temporary.directory;
  for (const name of ['one', 'two']) {
    await mkdir(join(cwd, name));
    await placeRecording(sample, join(cwd, name, 'talk.flac'));
  }
  for (const there of [/one\/talk\.flac: \S+srt\n/u, /one\/talk\.flac: .*is there already/u]) {
    const { exitCode, stderr } = await phonograph(['transcribe', '-r', '.', '-o', 'out'], { server: server.url, cwd });
    assert.equal(exitCode, 1);
    assert.match(stderr, there);
    assert.match(stderr, /two\/talk\.flac: failed\. \S+out\/talk\.srt is for one\/talk\.flac\./u);
  }
});

test('a recording may be removed, grow or be cut short while it is sent', { timeout: 60_000 }, async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const cwd = temporary.directory;
  const changing = async (name: string, change: (path: string) => Promise<void>) => {
    await placeRecording(sample, join(cwd, name));
    await using line = await openBreakingLine(server.url, 400_000);
    const run = start(['transcribe', name, '--json'], { server: line.url, cwd });
    while (line.breaks() === 0) await setImmediate();
    await change(join(cwd, name));
    const { exitCode, stdout, stderr } = await run;
    return { exitCode, last: jsonLines(stdout).at(-1), stderr };
  };
  const removed = await changing('removed.flac', rm);
  assert.deepEqual([removed.exitCode, removed.stderr], [0, '']);
  assert.match(await readFile(join(cwd, 'removed.srt'), 'utf8'), /three/u);
  const short = await changing('short.flac', (path) => truncate(path, 1000));
  assert.deepEqual([short.exitCode, short.last.message], [1, 'It became shorter while it was sent.']);
  const grown = await changing('grown.flac', (path) => appendFile(path, 'more'));
  assert.equal(grown.exitCode, 0);
  const again = await phonograph(['transcribe', 'grown.flac', '--overwrite', '--json'], { server: server.url, cwd });
  const { existing } = jsonLines(again.stdout).find(({ type }) => type === 'accepted');
  assert.equal(existing, false, 'what it has become is another recording');
});

test('a user without a home has recordings transcribed', async (t) => {
  const uid = 54_321;
  if (spawnSync('test', ['-r', main], { uid }).status !== 0) return t.skip('only root can be another user');
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const cwd = temporary.directory;
  await chmod(cwd, 0o777);
  await placeRecording(sample, join(cwd, 'talk.flac'));
  const env = { HOME: undefined, XDG_STATE_HOME: undefined };
  const { exitCode, stderr } = await phonograph(['transcribe', 'talk.flac'], { server: server.url, cwd, env, uid });
  assert.equal(exitCode, 0, stderr);
});

test('folders in a folder may go while it is looked into', async () => {
  await using temporary = await openTemporary();
  const kept = join(temporary.directory, 'talk.flac');
  await placeRecording(sample, kept);
  const passing = join(temporary.directory, 'passing');
  for (let round = 0; round < 50; round += 1) {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => mkdir(join(passing, `${index}/a/b`), { recursive: true })),
    );
    const [found] = await Promise.all([
      recordingsOfFolder(temporary.directory, true),
      rm(passing, { recursive: true }),
    ]);
    assert.deepEqual(
      found.map(({ name }) => name),
      [kept],
    );
  }
  await assert.rejects(recordingsOfFolder(passing, true), /passing cannot be read: there is no such file/u);
});
