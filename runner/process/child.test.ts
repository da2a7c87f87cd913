import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fixture } from '../fixtures/harness.ts';
import { startChild } from './child.ts';
import { childEnvironment } from './environment.ts';
import { signalGroup, startTimeOf, waitForGroup } from './process-group.ts';

const over = { timeout: 20_000 };

test('a child sees the allowed variables and none of the server’s secrets', over, async () => {
  process.env['PHONOGRAPH_API_KEYS'] = 'secret';
  using child = startChild(fixture('tells-environment'));
  delete process.env['PHONOGRAPH_API_KEYS'];
  for await (const [line = ''] of child.lines) {
    const { env, cwd } = JSON.parse(line);
    assert.equal(env['PHONOGRAPH_API_KEYS'], undefined);
    assert.equal(env['PATH'], process.env['PATH']);
    assert.equal(env['HF_HUB_OFFLINE'], '1');
    assert.equal(env['PHONOGRAPH_SERVER_PID'], String(process.pid));
    assert.equal(env['GLIBC_TUNABLES'], 'glibc.malloc.hugetlb=1');
    assert.equal(env['PYTHONPATH'], dirname(import.meta.dirname));
    assert.equal(cwd, '/');
    await child.end(5000);
  }
  assert.equal((await child.exited).signal, 'SIGTERM');
});

test('the CUDA variables are passed on, and other libraries keep their path', () => {
  const environment = childEnvironment('/opt/venv/bin/python', {
    CUDA_VISIBLE_DEVICES: '1',
    NVIDIA_VISIBLE_DEVICES: 'all',
    LD_LIBRARY_PATH: '/opt/cuda/lib64',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_OPTIONS: '--inspect',
  });
  assert.equal(environment['CUDA_VISIBLE_DEVICES'], '1');
  assert.equal(environment['NVIDIA_VISIBLE_DEVICES'], 'all');
  assert.equal(environment['LD_LIBRARY_PATH'], '/opt/cuda/lib64');
  assert.equal(environment['AWS_SECRET_ACCESS_KEY'], undefined);
  assert.equal(environment['NODE_OPTIONS'], undefined);
});

test('a child leads its own process group, known by number and start time', over, async () => {
  using child = startChild(fixture('hangs'));
  assert.ok(child.pid !== undefined);
  assert.equal(child.startTime, startTimeOf(child.pid));
  assert.match(child.startTime ?? '', /^[0-9a-f-]{36}\/\d+$/u);
  assert.equal(signalGroup(child.pid, 0), true);
  await child.end(5000);
  assert.equal(signalGroup(child.pid, 0), false);
  assert.equal(startTimeOf(child.pid), null);
});

test('what a child has said is heard, though it had ended before anybody listened', over, async () => {
  using child = startChild(['/bin/sh', '-c', 'echo one; echo two']);
  await child.exited;
  await nextTurn();
  assert.deepEqual((await Array.fromAsync(child.lines)).flat(), ['one', 'two']);
});

test('a child that ignores SIGTERM is killed after its grace', over, async () => {
  using child = startChild(fixture('ignores-sigterm'));
  child.send('{"attempt":1,"device":"cpu","resume":null}');
  const lines = child.lines[Symbol.asyncIterator]();
  await lines.next(); // It has spoken: from here on it is deaf.
  await child.end(50);
  assert.equal((await child.exited).signal, 'SIGKILL');
});

test('what a child leaves behind is gone when it is', over, async () => {
  using child = startChild(fixture('leaves-grandchild'));
  child.send('{"attempt":1,"device":"cpu","resume":null}');
  const lines = await Array.fromAsync(child.lines);
  assert.match(lines.flat().join('\n'), /grandchild \d+/u);
  assert.equal((await child.exited).exitCode, 0);
  await child.gone;
  assert.equal(await waitForGroup(child.pid ?? 0, 0), true);
});

test('a process that left the group does not keep the lines from ending', over, async () => {
  using child = startChild(fixture('leaves-daemon'));
  child.send('{"attempt":1,"device":"cpu","resume":null}');
  const text = (await Array.fromAsync(child.lines)).flat().join('\n');
  process.kill(Number(/daemon (\d+)/u.exec(text)?.[1]), 'SIGKILL');
  assert.match(text, /"type":"end"/u);
});

test('a program that is not there tells so, and nothing is left open', over, async () => {
  using child = startChild(['/nowhere/python', '-m', 'engine']);
  assert.equal(child.pid, undefined);
  child.send('{}');
  assert.deepEqual(await child.exited, { exitCode: null, signal: null, problem: 'ENOENT' });
  await child.gone;
  await child.end(10);
});

test('no signal ever goes to our own group or to everyone', () => {
  for (const group of [0, 1, -1, Number.NaN, 1.5]) assert.equal(signalGroup(group, 'SIGKILL'), false);
});

test('of stderr the last lines are kept', over, async () => {
  using child = startChild([process.execPath, '-e', 'for (let i = 0; i < 300000; i += 1) console.error(`line ${i}`)']);
  await Array.fromAsync(child.lines);
  await child.gone;
  const said = child.stderrTail().split('\n');
  assert.equal(said.at(-1), 'line 299999');
  assert.ok(said.length <= 20);
});
