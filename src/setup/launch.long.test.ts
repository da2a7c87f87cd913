import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeNearlyReadyProject, startProgram } from '../testing/setup/test-project.mjs';

/** Tells each signal that it gets; at the second one, or at SIGTERM, it ends with exit code 7. */
const server = `
let count = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    process.stdout.write('got ' + name + '\\n');
    count += 1;
    if (name === 'SIGTERM' || count === 2) setTimeout(() => process.exit(7), 500);
  });
}
setInterval(() => {}, 1000);
process.stdout.write('server ' + process.pid + ' up with ' + process.argv.slice(2).join(' ') + '\\n');
`;

/**
 * Runs a command in a terminal of its own, as its foreground program, presses Ctrl-C when the server is up, and once more after the time that a
 * person takes for that: what comes within a few milliseconds is npm's echo.
 */
const terminal = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
    before = b'up with' in seen
    seen += data
    if b'up with' in seen and not before:
        os.write(fd, b'\\x03')
        import threading
        threading.Timer(1.5, os.write, [fd, b'\\x03']).start()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

let internet: Awaited<ReturnType<typeof startInternet>>;

before(async () => {
  internet = await startInternet();
});

after(async () => await internet[Symbol.asyncDispose]());

function start(command: (root: string) => readonly string[]) {
  const fixture = makeNearlyReadyProject(internet);
  fixture.write('src/main.ts', server);
  const run = startProgram(command(fixture.root), { cwd: '/', env: internet.environment });
  return Object.assign(run, {
    async serverPid() {
      await run.says(/server \d+ up/u);
      return Number(/server (\d+) up/u.exec(run.output)?.[1]);
    },
    [Symbol.dispose]() {
      fixture[Symbol.dispose]();
    },
  });
}

function signalsIn(output: string): readonly string[] {
  return output.match(/got SIG\w+/gu) ?? [];
}

test('the server gets the arguments and a signal once, and its exit code is ours', async () => {
  using run = start((root) => [
    process.execPath,
    join(root, 'src/setup/setup.mjs'),
    'src/main.ts',
    '--one',
    'two words',
  ]);
  await run.serverPid();
  assert.match(run.output, /up with --one two words/u);
  run.child.kill('SIGHUP');
  await run.says(/got SIGHUP/u);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 7);
  assert.deepEqual(signalsIn(run.output), ['got SIGHUP', 'got SIGTERM']);
});

test('under npm too a signal arrives once', async () => {
  using run = start((root) => ['npm', '--prefix', root, 'start']);
  await run.serverPid();
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 7);
  assert.deepEqual(signalsIn(run.output), ['got SIGTERM']);
});

test('each Ctrl-C in a terminal arrives once, though npm passes on what the terminal has sent already', async () => {
  using run = start((root) => ['python3', '-c', terminal, 'npm', '--prefix', root, 'start']);
  assert.equal(await run.end(), 7);
  assert.deepEqual(signalsIn(run.output), ['got SIGINT', 'got SIGINT']);
});

test('a program that runs where it was called has the terminal and the folder of its caller, and each Ctrl-C once', async () => {
  const asks = `${server}process.stdout.write('at a terminal: ' + process.stdin.isTTY + ' in ' + process.cwd() + '\\n');`;
  using run = start((root) => {
    writeFileSync(join(root, 'src/main.ts'), asks);
    return ['python3', '-c', terminal, process.execPath, join(root, 'src/setup/setup.mjs'), '--here', 'src/main.ts'];
  });
  assert.equal(await run.end(), 7);
  assert.match(run.output, /at a terminal: true in \/\r?\n/u);
  assert.deepEqual(signalsIn(run.output), ['got SIGINT', 'got SIGINT']);
});

test('when the set-up process is killed, the server is told to stop', async () => {
  using run = start((root) => [process.execPath, join(root, 'src/setup/setup.mjs'), 'src/main.ts']);
  await run.serverPid();
  run.child.kill('SIGKILL');
  await run.says(/got SIGTERM/u);
  // Its output closes when it is gone.
  await run.end();
});

test('when npm is killed, the server is told to stop', async () => {
  using run = start((root) => ['npm', '--prefix', root, 'start']);
  await run.serverPid();
  run.child.kill('SIGKILL');
  await run.says(/got SIGTERM/u);
  await run.end();
});

test('a server that a signal has ended gives the exit code that shells give', async () => {
  using run = start((root) => [process.execPath, join(root, 'src/setup/setup.mjs'), 'src/main.ts']);
  process.kill(await run.serverPid(), 'SIGKILL');
  assert.equal(await run.end(), 137);
});
