import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress, type Wheel } from '../testing/setup/test-project.mjs';
import { engineStep } from './python.mjs';
import { ToolFailure } from './failure.mjs';

let internet: Awaited<ReturnType<typeof startInternet>>;
let engine: Wheel;
let tool: Wheel;
let cuda: Wheel;

before(async () => {
  internet = await startInternet();
  const entry = { 'tiny_engine-1.0.dist-info/entry_points.txt': '[console_scripts]\ntiny = tiny_engine:main\n' };
  engine = internet.wheel('tiny_engine', '1.0', { 'tiny_engine.py': 'def main(): print("tiny speaks")\n', ...entry });
  tool = internet.wheel('tiny_tool', '1.0', { 'tiny_tool.py': '' });
  cuda = internet.wheel('tiny_cuda', '1.0', { 'nvidia/tiny/lib/libtiny.so.1': '' });
});

after(async () => await internet[Symbol.asyncDispose]());

function makeFixture() {
  const fixture = makeTestProject(internet.environment);
  fixture.borrowUv();
  fixture.lockEngine([engine], { dev: [tool], cuda: [cuda] });
  return Object.assign(fixture, { python: join(fixture.root, '.venv/bin/python') });
}

function run(program: string, ...args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim();
}

test('the environment is made from the locked packages, and the tools of development are added to it', async (context) => {
  using fixture = makeFixture();
  const none = { signs: [] };
  const step = engineStep(fixture.project, none);
  const dev = engineStep({ ...fixture.project, dev: true }, none);
  await step.install(quietProgress());
  assert.deepEqual([step.isReady(), dev.isReady()], [true, false]);
  // Scripts find the environment where it is, though it was another folder when they were made.
  assert.equal(run(join(fixture.root, '.venv/bin/tiny')), 'tiny speaks');

  await context.test('a package with a wrong hash is refused, and the environment stays as it was', async () => {
    fixture.lockEngine([engine], { dev: [{ ...tool, sha256: '0'.repeat(64) }], cuda: [cuda] });
    await assert.rejects(
      async () => await dev.install(quietProgress()),
      (error) => error instanceof ToolFailure && /wrong hash/u.test(error.message),
    );
    fixture.lockEngine([engine], { dev: [tool], cuda: [cuda] });
    assert.deepEqual([step.isReady(), dev.isReady()], [true, false]);
    assert.equal(run(fixture.python, '-c', 'import tiny_engine; print(1)'), '1');
  });

  await context.test('what is there stays when more is wanted', async () => {
    await dev.install(quietProgress());
    const graphics = engineStep(fixture.project, { machine: 'linux-x64', signs: [fixture.root] });
    await graphics.install(quietProgress());
    assert.deepEqual(
      [step, dev, graphics].map((one) => one.isReady()),
      [true, true, true],
    );
    assert.equal(run(fixture.python, '-c', 'import tiny_engine, tiny_tool, nvidia.tiny; print(1)'), '1');
  });

  await context.test('a changed lock file is noticed, and an upgrade of the system that takes its Python away', () => {
    fixture.lockEngine([engine], { dev: [tool] });
    assert.equal(step.isReady(), false);
    fixture.lockEngine([engine], { dev: [tool], cuda: [cuda] });
    assert.equal(step.isReady(), true);
    rmSync(fixture.python);
    symlinkSync('/usr/bin/python3.0', fixture.python);
    assert.equal(step.isReady(), false);
  });
});

test('CUDA libraries come where there is an NVIDIA driver and the settings allow it', () => {
  using fixture = makeFixture();
  fixture.pretendEngine();
  const signs = [join(fixture.root, 'no driver'), fixture.root];
  const { project } = fixture;
  const isReady = (more: object, machine = 'linux-x64', seen = signs) =>
    engineStep({ ...project, ...more }, { machine, signs: seen }).isReady();
  assert.equal(isReady({}), false);
  assert.equal(isReady({}, 'linux-x64', []), true);
  assert.equal(isReady({}, 'linux-arm64'), true);
  assert.equal(isReady({ cpuOnly: true }), true);
  assert.equal(isReady({ cuda: true }, 'linux-x64', []), false, 'wanted for an image');
});

test('what the user has told pip counts: its files, as well as its variables', async () => {
  using fixture = makeFixture();
  const { PIP_INDEX_URL: index, ...environment } = internet.environment;
  fixture.write(
    'pip.conf',
    `[global]\nextra-index-url =\n    ${index}\n    ${internet.nowhere}/simple\n[install]\nindex-url = ${index}\n`,
  );
  const project = {
    ...fixture.project,
    environment: { ...environment, PIP_CONFIG_FILE: join(fixture.root, 'pip.conf') },
  };
  await engineStep(project, { signs: [] }).install(quietProgress());
  assert.equal(run(join(fixture.root, '.venv/bin/tiny')), 'tiny speaks');
});
