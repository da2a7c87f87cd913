import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress } from '../testing/setup/test-project.mjs';
import { cudaStep } from './cuda.mjs';
import { ToolFailure } from './failure.mjs';
import { engineStep } from './python.mjs';

let internet: Awaited<ReturnType<typeof startInternet>>;
let runtimeLine: string;
let devLine: string;

before(async () => {
  internet = await startInternet();
  const lockLine = ({ requirement, sha256 }: { readonly requirement: string; readonly sha256: string }) =>
    `${requirement} --hash=sha256:${sha256}\n`;
  const entry = { 'tiny_engine-1.0.dist-info/entry_points.txt': '[console_scripts]\ntiny = tiny_engine:main\n' };
  runtimeLine = lockLine(
    internet.wheel('tiny_engine', '1.0', { 'tiny_engine.py': 'def main(): print("tiny speaks")\n', ...entry }),
  );
  devLine = lockLine(internet.wheel('tiny_tool', '1.0', { 'tiny_tool.py': '' }));
});

after(async () => await internet[Symbol.asyncDispose]());

function makeFixture() {
  const fixture = makeTestProject(internet.environment);
  fixture.write('runner/engine/requirements.txt', runtimeLine);
  fixture.write('runner/engine/requirements-dev.txt', runtimeLine + devLine);
  fixture.write('runner/engine/requirements-cuda.txt', devLine);
  return Object.assign(fixture, { python: join(fixture.root, '.venv/bin/python') });
}

function run(program: string, ...args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim();
}

test('the environment is made from the locked packages, and the tools of development are added to it', async (context) => {
  using fixture = makeFixture();
  const step = engineStep(fixture.project);
  const dev = engineStep({ ...fixture.project, dev: true });
  await step.install(quietProgress());
  assert.deepEqual([step.isReady(), dev.isReady()], [true, false]);
  // Scripts name the folder they are in, which was another one when they were made.
  assert.equal(run(join(fixture.root, '.venv/bin/tiny')), 'tiny speaks');

  await context.test('a package with a wrong hash is refused, and the environment stays as it was', async () => {
    fixture.write('runner/engine/requirements-dev.txt', runtimeLine + devLine.replace(/sha256:..../u, 'sha256:0000'));
    await assert.rejects(
      dev.install(quietProgress()),
      (error) => error instanceof ToolFailure && /wrong hash/u.test(error.message),
    );
    assert.deepEqual([step.isReady(), dev.isReady()], [true, false]);
    assert.equal(existsSync(join(fixture.root, '.tools/tmp')), false);
    fixture.write('runner/engine/requirements-dev.txt', runtimeLine + devLine);
  });

  await context.test('what is there is not fetched again', async () => {
    internet.requests.length = 0;
    await dev.install(quietProgress());
    assert.deepEqual([step.isReady(), dev.isReady()], [true, true]);
    assert.equal(run(fixture.python, '-c', 'import tiny_engine, tiny_tool; print(1)'), '1');
    assert.equal(
      internet.requests.some((path) => path.includes('tiny_engine')),
      false,
    );
  });

  await context.test('an upgrade of the system that takes its Python away is noticed', () => {
    rmSync(fixture.python);
    symlinkSync('/usr/bin/python3.0', fixture.python);
    assert.equal(step.isReady(), false);
  });
});

test('CUDA libraries come where there is an NVIDIA driver and the settings allow it', async () => {
  using fixture = makeFixture();
  fixture.borrowPython();
  fixture.write('driver', '');
  const driver = { machine: 'linux-x64', driverFile: join(fixture.root, 'driver') };
  const none = { machine: 'linux-x64', driverFile: join(fixture.root, 'no driver') };
  const project = {
    ...fixture.project,
    environment: { ...internet.environment, PATH: join(fixture.root, 'no programs') },
  };
  assert.equal(cudaStep(project, none).isReady(), true);
  assert.equal(cudaStep({ ...project, cpuOnly: true }, driver).isReady(), true);
  assert.equal(cudaStep(project, { ...driver, machine: 'linux-arm64' }).isReady(), true);
  assert.equal(cudaStep({ ...project, cuda: true }, none).isReady(), false, 'wanted for an image');
  assert.equal(cudaStep(project, driver).isReady(), false);
  await cudaStep(project, driver).install(quietProgress());
  assert.equal(cudaStep(project, driver).isReady(), true);
  assert.equal(existsSync(join(fixture.root, '.tools/cuda/tiny_tool.py')), true);
});
