import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporary } from '../../testing/temporary.ts';
import { lockDataDirectory } from './lock.ts';

test('one server has a data directory, and the next may have it when the first lets go', async () => {
  await using temporary = await openTemporary();
  const directory = join(temporary.directory, 'data');
  const held = await lockDataDirectory(directory);
  await assert.rejects(lockDataDirectory(directory), {
    name: 'DirectoryInUseError',
    message: /^Another server works on .+\/data\. /u,
  });
  held[Symbol.dispose]();
  (await lockDataDirectory(directory))[Symbol.dispose]();
  assert.deepEqual(await readdir(directory), ['server.lock']);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
});

test('a process that is killed lets go of its data directory, though a child of it lives on', async () => {
  await using temporary = await openTemporary();
  const { directory } = temporary;
  const program = `
    import { spawn } from 'node:child_process';
    import { lockDataDirectory } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
    await lockDataDirectory(${JSON.stringify(directory)});
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const [pid] = await once(holder.stdout.setEncoding('utf8'), 'data');
  temporary.stack.defer(() => {
    process.kill(Number(pid), 'SIGKILL');
  });
  await assert.rejects(lockDataDirectory(directory), { name: 'DirectoryInUseError' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  (await lockDataDirectory(directory))[Symbol.dispose]();
});
