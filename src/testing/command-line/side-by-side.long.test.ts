import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastingPort, openProcessHarness } from '#src/testing/process.ts';
import { placeRecording } from '#src/testing/recordings.ts';
import { openTestServer } from '#src/testing/server.ts';
import { openTemporary } from '#src/testing/temporary.ts';
import { jsonLines, phonograph, start } from './run.ts';

const sample = join(import.meta.dirname, '../../../samples/jfk.flac');

test('commands that begin at once without a server have one together', async () => {
  await using harness = await openProcessHarness('speaks');
  const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: String(lastingPort()) };
  const names = ['one.flac', 'two.flac', 'three.flac'];
  await Promise.all(names.map((name) => cp(sample, join(harness.directory, name))));
  const ended = await Promise.all(
    names.map((name) => phonograph(['transcribe', name], { cwd: harness.directory, env })),
  );
  for (const { exitCode, stderr } of ended) assert.equal(exitCode, 0, stderr);
  const nowhere = { ...env, TMPDIR: join(harness.directory, 'nowhere') };
  const { stdout } = await phonograph(['jobs', '--json'], { env: nowhere });
  assert.equal(jsonLines(stdout).length, names.length, 'also where temporary files cannot be written');
  assert.deepEqual(harness.children(), []);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a command that uses the server of another goes on when that one has ended by ${signal}`, async () => {
    await using harness = await openProcessHarness('speaks');
    const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: String(lastingPort()) };
    const watch = async (name: string) => {
      const folder = join(harness.directory, name);
      await mkdir(folder);
      return { folder, run: start(['watch', folder], { env }) };
    };
    const transcribed = async (folder: string, name: string) => {
      await placeRecording(sample, join(folder, `${name}.flac`));
      while (!(await readdir(folder)).includes(`${name}.srt`)) await sleep(50);
    };
    const owner = await watch('owner');
    await transcribed(owner.folder, 'talk');
    const guest = await watch('guest');
    await transcribed(guest.folder, 'together');
    owner.run.kill(signal);
    await owner.run;
    await transcribed(guest.folder, 'alone');
    guest.run.kill('SIGTERM');
    const { exitCode, stderr } = await guest.run;
    assert.deepEqual([exitCode, /No server runs here: starting one/u.test(stderr)], [130, true], stderr);
    assert.deepEqual(harness.children(), []);
  });
}

test('where another program listens and never answers, a signal ends the command', async () => {
  await using harness = await openProcessHarness('speaks');
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: String((silent.address() as AddressInfo).port) };
  for (const args of [['jobs'], ['watch', harness.directory]]) {
    const run = start(args, { env });
    const [socket]: Socket[] = await once(silent, 'connection');
    socket?.on('error', () => undefined);
    run.kill('SIGTERM');
    assert.equal((await run).exitCode, 130);
    socket?.destroy();
  }
  silent.close();
  assert.deepEqual(harness.children(), []);
});

test('what another command has written and taken off the server has not failed', async () => {
  await using server = await openTestServer();
  await using temporary = await openTemporary();
  const cwd = temporary.directory;
  await placeRecording(sample, join(cwd, 'talk.flac'));
  await server.ask('mutation { pauseQueue { __typename } }');
  const run = start(['transcribe', 'talk.flac', '--remove', '--json'], { server: server.url, cwd });
  for await (const line of run) {
    const { type, job } = JSON.parse(line);
    if (type !== 'accepted') continue;
    await writeFile(join(cwd, 'talk.srt'), '');
    await server.ask(`mutation { deleteJob(id: "${job}") { __typename } }`);
  }
  const { exitCode, stdout } = await run;
  assert.deepEqual([exitCode, jsonLines(stdout).at(-1).type], [0, 'skipped']);
});
