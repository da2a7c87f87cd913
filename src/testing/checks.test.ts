import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeTestProject, startProgram } from './setup/test-project.mjs';

const checks = join(import.meta.dirname, 'checks.ts');
const passing = "import test from 'node:test'; test('passes', () => {});";
const failing = "import test from 'node:test'; test('fails', () => { throw new Error('as it must'); });";

/** Without the mark of Node's test runner, which a test within a test would obey. */
const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;

/** A project whose tools are programs that say which they are; those named fail. */
function makeFixture(broken: readonly string[] = []) {
  const fixture = makeTestProject();
  for (const name of ['oxfmt', 'tsc', 'oxlint', 'knip', 'python']) {
    const file = name === 'python' ? '.venv/bin/python' : `node_modules/.bin/${name}`;
    fixture.write(file, `#!/bin/sh\necho "this is ${name} $*"\nexit ${broken.includes(name) ? 1 : 0}\n`);
    chmodSync(join(fixture.root, file), 0o755);
  }
  fixture.write('runner/engine/pyproject.toml', '');
  return fixture;
}

async function run(fixture: ReturnType<typeof makeTestProject>, ...args: readonly string[]) {
  const program = startProgram([process.execPath, checks, ...args], { cwd: fixture.root, env: environment });
  const code = await program.end();
  return { code, output: program.output, last: program.output.trimEnd().split('\n').slice(-9) };
}

test('every check runs though an early one fails, and the counts of tests come last', async () => {
  using fixture = makeFixture(['oxfmt', 'knip']);
  fixture.write('src/good.test.mjs', passing);
  fixture.write('src/bad.test.mjs', failing);
  const { code, output, last } = await run(fixture, '--all');
  assert.equal(code, 1);
  assert.match(output, /FAILED {2}format \([\d.]+ s\): oxfmt --check\nthis is oxfmt --check\n/u);
  for (const name of ['types', 'lint', 'engine format', 'engine lint', 'engine types', 'engine tests']) {
    assert.match(output, new RegExp(`ok {6}${name} `, 'u'));
  }
  assert.match(output, /as it must/u);
  assert.equal(last[0], 'Failed: format, dead code, tests.');
  assert.deepEqual(
    last.slice(1).map((line) => line.replace(/[\d.]+$/u, 'N')),
    ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'].map((name) => `ℹ ${name} N`),
  );
});

test('the quick checks leave out the tests that take long', async () => {
  using fixture = makeFixture();
  fixture.write('src/good.test.mjs', passing);
  fixture.write('src/one.speech.test.mjs', failing);
  fixture.write('src/one.long.test.mjs', failing);
  const { code, output } = await run(fixture, '--quick', '--fix');
  assert.equal(code, 0, output);
  assert.match(output, /ok {6}repair format/u);
  assert.match(output, /Every check passed\.\nℹ tests 1\n/u);
});

test('with files only the tests in them run', async () => {
  using fixture = makeFixture(['oxfmt']);
  fixture.write('src/good.test.mjs', passing);
  fixture.write('src/bad.test.mjs', failing);
  const { code, output } = await run(fixture, '--all', 'src/good.test.mjs');
  assert.equal(code, 0, output);
  assert.match(output, /ℹ tests 1\n/u);
  assert.doesNotMatch(output, /format/u);
});

test('an interruption ends the tests under way and what they have started', async () => {
  using fixture = makeFixture();
  fixture.write(
    'src/long.test.mjs',
    "import { spawnSync } from 'node:child_process'; console.log('started'); spawnSync('sleep', ['600']);",
  );
  const program = startProgram([process.execPath, checks, '--all', 'src/long.test.mjs'], {
    cwd: fixture.root,
    env: environment,
    detached: true,
  });
  await program.says(/started/u);
  program.child.kill('SIGINT');
  assert.equal(await program.end(), 130);
});

test('a test file that leaves something open fails, and is told what it is', async () => {
  using fixture = makeTestProject();
  fixture.write('leak.test.mjs', `${passing} setInterval(() => {}, 1000);`);
  const limit = `${new URL('test-file-limit.mjs', import.meta.url).href}?ms=500`;
  const program = startProgram([process.execPath, '--test', '--import', limit, 'leak.test.mjs'], {
    cwd: fixture.root,
    env: { PATH: process.env['PATH'] },
  });
  assert.equal(await program.end(), 1);
  assert.match(program.output, /leak\.test\.mjs: ended after 0\.5 s\. Still open: .*Timeout/u);
  assert.match(program.output, /pass 1\n[\s\S]*fail 1\n/u);
});
