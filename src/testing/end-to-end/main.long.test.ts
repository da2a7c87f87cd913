import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { eventsOf, untilEvent } from '#src/testing/follow.ts';
import { lastingPort, openProcessHarness, type ProcessHarness, submitTo } from '#src/testing/process.ts';
import { ask } from '#src/testing/server.ts';
import { mountDisk } from '#src/testing/small-disk.ts';

const main = join(import.meta.dirname, '../../main.ts');

test('SIGTERM with a job running ends the server with 0 and leaves nothing; the next one finishes the job', async () => {
  await using harness = await openProcessHarness('waits');
  const first = harness.start();
  const id = await submitTo(await first.url);
  await untilEvent(await first.url, id, ({ segments }) => segments !== undefined);
  assert.notDeepEqual(harness.children(), []);
  first.child.kill('SIGTERM');
  assert.deepEqual(await first.ended, { code: 0, stderr: '' });
  assert.deepEqual(harness.children(), []);
  const second = harness.start();
  const events = await eventsOf(await second.url, id);
  assert.equal(events.at(-1)?.status, 'COMPLETED');
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    events.flatMap(({ segments = [] }) => segments.map(({ index }) => index)),
    [0, 1, 2],
  );
});

test('a server that is killed takes its engines with it, and its jobs run again', async () => {
  await using harness = await openProcessHarness('waits');
  const first = harness.start();
  const id = await submitTo(await first.url);
  await untilEvent(await first.url, id, ({ segments }) => segments !== undefined);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = harness.start();
  const events = await eventsOf(await second.url, id);
  assert.deepEqual(
    events.flatMap(({ status }) => status ?? []),
    ['QUEUED', 'WORKING', 'QUEUED', 'WORKING', 'COMPLETED'],
  );
  const { data } = await ask(
    await second.url,
    JSON.stringify({ query: `{ job(id: "${id}") { attempts { outcome } } }` }),
  );
  assert.deepEqual(data.job.attempts, [{ outcome: 'INTERRUPTED' }, { outcome: 'COMPLETED' }]);
});

test('a promise that is rejected and that nobody waits for is logged, and stops the server in order', async () => {
  await using harness = await openProcessHarness('waits');
  const first = harness.start({ NODE_OPTIONS: `--import ${join(import.meta.dirname, '../fail-later.ts')}` });
  const id = await submitTo(await first.url);
  await untilEvent(await first.url, id, ({ segments }) => segments !== undefined);
  const told = first.said('unexpected failure');
  first.child.kill('SIGUSR2');
  await told;
  assert.deepEqual(await first.ended, { code: 1, stderr: '' });
  assert.deepEqual(harness.children(), []);
  const events = await eventsOf(await harness.start().url, id);
  assert.deepEqual(
    events.flatMap(({ status }) => status ?? []),
    ['QUEUED', 'WORKING', 'QUEUED', 'WORKING', 'COMPLETED'],
  );
});

test('a server whose log nobody reads any more goes on with its jobs, and stops in order', async () => {
  await using harness = await openProcessHarness('speaks');
  const server = harness.start();
  const url = await server.url;
  server.child.stdout?.destroy();
  server.child.stderr?.destroy();
  const events = await eventsOf(url, await submitTo(url));
  assert.equal(events.at(-1)?.status, 'COMPLETED');
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
  assert.deepEqual(harness.children(), []);
});

test('a server whose log is not read, though somebody could, goes on with its jobs and ends', async () => {
  await using harness = await openProcessHarness('speaks');
  const pipe = join(harness.directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  assert.throws(() => {
    for (;;) writeSync(reader, '\n'.repeat(4096));
  }, /EAGAIN/u);
  const url = `http://127.0.0.1:${lastingPort()}`;
  const env = { ...harness.environment, PHONOGRAPH_LISTEN_PORT: new URL(url).port };
  const stdout = openSync(pipe, constants.O_WRONLY);
  const server = spawn(process.execPath, [main], { env, stdio: ['ignore', stdout, 'ignore'] });
  while (!(await fetch(`${url}/health`).catch(() => null))) await sleep(20);
  const id = await submitTo(url);
  assert.equal((await eventsOf(url, id)).at(-1)?.status, 'COMPLETED');
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [null, 'SIGKILL'], 'a write that waits cannot be called back');
  closeSync(stdout);
  closeSync(reader);
  assert.equal((await eventsOf(await harness.start().url, id)).at(-1)?.status, 'COMPLETED');
});

test('a node of a fleet without a database that others reach is refused with 78 and what to do', async () => {
  await using harness = await openProcessHarness('speaks');
  for (const role of ['api', 'worker']) {
    const { code, stderr } = await harness.start({}, role).ended;
    assert.equal(code, 78);
    assert.match(stderr, /server\.databaseUrl must name a PostgreSQL database/u);
    assert.doesNotMatch(stderr, /\n +at /u, 'no stack');
  }
});

test('wrong settings end the start with 78, each told with its key', async () => {
  await using harness = await openProcessHarness('speaks');
  const { code, stderr } = await harness.start({ PHONOGRAPH_LISTEN_HOST: '0.0.0.0', PHONOGRAPH_NUM_JOBS: 'many' })
    .ended;
  assert.equal(code, 78);
  assert.match(stderr, /numJobs/u);
  assert.doesNotMatch(stderr, /\n +at /u, 'no stack');
  const open = await harness.start({ PHONOGRAPH_LISTEN_HOST: '0.0.0.0' }).ended;
  assert.equal(open.code, 78);
  assert.match(open.stderr, /listenHost.*phonograph keys/u);
});

/** Runs `src/main.ts keys` for the data directory of these servers. */
function makeKey({ environment: env }: ProcessHarness, ...args: readonly string[]) {
  return spawnSync(process.execPath, [main, 'keys', ...args], { encoding: 'utf8', env });
}

test('a key of the command line counts at once, beside a server that runs and for the one after it', async () => {
  await using harness = await openProcessHarness('speaks');
  const server = harness.start();
  const url = await server.url;
  const query = JSON.stringify({ query: '{ viewer { name role } }' });
  assert.deepEqual((await ask(url, query)).data.viewer, { name: null, role: 'ADMIN' });
  const made = makeKey(harness, 'alice', '--role', 'user');
  assert.equal(made.status, 0, made.stderr);
  const [token = '', setting = ''] = made.stdout.split('\n');
  assert.match(setting, /^alice:user:/u);
  const headers = { authorization: `Bearer ${token}` };
  while ((await ask(url, query)).status !== 401) await sleep(20);
  assert.deepEqual((await ask(url, query, headers)).data.viewer, { name: 'alice', role: 'USER' });
  const other = makeKey(harness, 'alice');
  assert.equal(other.status, 64, 'alice has another role already');
  assert.match(other.stderr, /another role\. .*Choose another name/u);
  server.child.kill();
  assert.equal((await server.ended).code, 0);
  const beyond = harness.start({ PHONOGRAPH_LISTEN_HOST: '0.0.0.0' });
  const { port } = new URL(await beyond.url);
  assert.equal((await ask(`http://127.0.0.1:${port}`, query)).status, 401);
  assert.equal((await ask(`http://127.0.0.1:${port}`, query, headers)).status, 200);
});

test('a key that was made lets its holder in, and what listens for everybody says so loudly', async () => {
  await using harness = await openProcessHarness('speaks');
  await using elsewhere = await openProcessHarness('speaks');
  const made = makeKey(elsewhere, 'alice');
  assert.equal(made.status, 0);
  const [token = '', setting = ''] = made.stdout.split('\n');
  assert.match(setting, /^alice:admin:/u);
  assert.ok(!setting.includes(token));
  const url = await harness.start({ PHONOGRAPH_API_KEYS: setting }).url;
  const query = JSON.stringify({ query: '{ server { unauthenticated } }' });
  assert.equal((await ask(url, query)).status, 401);
  const answer = await ask(url, query, { authorization: `Bearer ${token}` });
  assert.deepEqual(answer.data.server, { unauthenticated: false });
  await using other = await openProcessHarness('speaks');
  const open = other.start({ PHONOGRAPH_LISTEN_HOST: '0.0.0.0', PHONOGRAPH_ALLOW_UNAUTHENTICATED: 'true' });
  await open.said('server open to everybody');
  const { port } = new URL(await open.url);
  assert.deepEqual((await ask(`http://127.0.0.1:${port}`, query)).data.server, { unauthenticated: true });
});

test('a name or a role that cannot be one is told, and no key is made', async () => {
  await using harness = await openProcessHarness('speaks');
  const { status, stdout, stderr } = makeKey(harness, 'a:b');
  assert.deepEqual([status, stdout], [64, '']);
  assert.match(stderr, /A name has 1 to 64/u);
  const guest = makeKey(harness, 'bob', '--role', 'guest');
  assert.deepEqual([guest.status, guest.stdout], [64, '']);
  assert.match(guest.stderr, /no role guest; there are admin, user, reader/u);
  const unknown = makeKey(harness, 'bob', '--rule', 'user');
  assert.deepEqual([unknown.status, unknown.stdout], [64, '']);
  assert.match(unknown.stderr, /^phonograph: Unknown option '--rule'/u);
});

test('what cannot be written to stdout is a failure, told in one line', async () => {
  await using harness = await openProcessHarness('speaks');
  const { environment: env } = harness;
  const toFull = ['-c', '"$@" > /dev/full', 'sh', process.execPath, main, 'keys', 'alice'];
  const { status, stderr } = spawnSync('sh', toFull, { encoding: 'utf8', env });
  assert.equal(status, 1);
  assert.match(stderr, /^phonograph: stdout cannot be written: ENOSPC.*\n$/mu);
  assert.doesNotMatch(stderr, /\n +at /u, 'no stack');
});

test('a second server on the same data directory refuses in one line, and the first goes on', async () => {
  await using harness = await openProcessHarness('waits');
  const first = harness.start();
  const id = await submitTo(await first.url);
  await untilEvent(await first.url, id, ({ segments }) => segments !== undefined);
  const { code, stderr } = await harness.start().ended;
  assert.equal(code, 1);
  assert.match(stderr, /^phonograph: Another server works on .+\. Stop it, or set PHONOGRAPH_DATA_DIRECTORY .+\n$/u);
  const { data } = await ask(await first.url, JSON.stringify({ query: `{ job(id: "${id}") { status } }` }));
  assert.equal(data.job.status, 'WORKING');
});

test('a port that is taken is told in one line', async () => {
  await using harness = await openProcessHarness('speaks');
  const { port } = new URL(await harness.start().url);
  await using other = await openProcessHarness('speaks');
  const { code, stderr } = await other.start({ PHONOGRAPH_LISTEN_PORT: port }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /^phonograph: Port \d+ of 127\.0\.0\.1 is taken\..*\n$/u);
});

test('database, log and lock are for the user of the server alone, also those of older versions', async () => {
  await using harness = await openProcessHarness('speaks');
  const data = join(harness.directory, 'data');
  await mkdir(data);
  await writeFile(join(data, 'server.lock'), '', { mode: 0o644 });
  const server = harness.start();
  await server.url;
  const names = ['server.lock', 'phonograph.db', 'phonograph.db-wal'];
  const modes = await Promise.all(names.map(async (name) => (await stat(join(data, name))).mode & 0o777));
  assert.deepEqual(modes, [0o600, 0o600, 0o600]);
});

test('a data directory that is read-only is told as such, and not as damaged', async (t) => {
  const disk = await mountDisk(t);
  if (disk === null) return;
  await using harness = await openProcessHarness('speaks');
  const first = harness.start({ PHONOGRAPH_DATA_DIRECTORY: disk, PHONOGRAPH_MIN_FREE_BYTES: '0' });
  await first.url;
  first.child.kill('SIGTERM');
  await first.ended;
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const second = harness.start({ PHONOGRAPH_DATA_DIRECTORY: disk });
  const { code, stderr } = await second.ended;
  assert.equal(code, 1);
  assert.match(stderr, /cannot be written to\. Give the server's user write permission/u);
  assert.doesNotMatch(stderr, /damaged|backup/u);
});

test('on a terminal a person reads one line, with --json the log, and Ctrl-C stops the server', async () => {
  await using harness = await openProcessHarness('waits');
  for (const options of [[], ['--json']]) {
    // Python's standard library has terminals, and forwards what is typed.
    const spawned = [
      '-c',
      'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)',
      process.execPath,
      main,
      ...options,
    ];
    const person = execa('python3', spawned, { env: harness.environment, extendEnv: false, stdin: 'pipe' });
    const typed = person.iterable({ from: 'stdout' });
    const lines: string[] = [];
    for await (const line of typed) {
      lines.push(line.trimEnd());
      if (/Phonograph is at|server listening/u.test(line)) person.stdin.write('\u0003');
    }
    const { exitCode } = await person;
    assert.equal(exitCode, 0);
    if (options.length > 0) {
      assert.ok(lines.filter((line) => line !== '').length > 2);
      for (const line of lines) if (!line.startsWith('^C') && line !== '') JSON.parse(line);
      continue;
    }
    assert.match(
      lines[0] ?? '',
      /^Phonograph is at http:\/\/127\.0\.0\.1:\d+\. Put recordings into .+\/media; stop it with Ctrl-C\.$/u,
    );
    assert.match(lines[1] ?? '', /Stopping in order; another Ctrl-C ends it at once\.$/u);
    assert.equal(lines.length, 2);
  }
});
