import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress } from '../testing/setup/test-project.mjs';
import { SetupError } from './failure.mjs';
import { WrongHash } from './files.mjs';
import { isNewEnough, nodeStep } from './node.mjs';

let internet: Awaited<ReturnType<typeof startInternet>>;
let right: string;

before(async () => {
  internet = await startInternet();
  const files = { 'bin/node': '#!/bin/sh\necho v24.21.0\n', LICENSE: 'MIT' };
  right = internet.npmPackage('node-test', '24.21.0', files).integrity.replace('sha512-', '');
});

after(async () => await internet[Symbol.asyncDispose]());

function step(fixture: ReturnType<typeof makeTestProject>, sha512: string, machine = 'test') {
  return nodeStep(fixture.project, { current: '20.20.2', machine, source: { test: { name: 'node-test', sha512 } } });
}

test('a Node that is too old is told from one that is not', () => {
  const expected = {
    '18.0.0': false,
    '22.22.0': false,
    '24.11.1': false,
    '24.12.0': true,
    '24.21.0': true,
    '25.0.0': true,
  };
  for (const [version, answer] of Object.entries(expected)) assert.equal(isNewEnough(version), answer, version);
});

test('a new enough Node needs no other', () => {
  using fixture = makeTestProject();
  assert.equal(nodeStep(fixture.project, { current: '24.12.0' }).isReady(), true);
});

test('Node comes from its npm package', async () => {
  using fixture = makeTestProject(internet.environment);
  assert.equal(step(fixture, right).isReady(), false);
  await step(fixture, right).install(quietProgress());
  assert.equal(step(fixture, right).isReady(), true);
  assert.equal(existsSync(join(fixture.root, '.tools/node/bin/node')), true);
});

test('an archive with a wrong hash is refused and deleted', async () => {
  using fixture = makeTestProject(internet.environment);
  await assert.rejects(step(fixture, 'AAAA').install(quietProgress()), (error) => {
    assert.ok(error instanceof WrongHash);
    assert.match(error.message, /node-test@24\.21\.0 has a wrong hash/u);
    return true;
  });
  assert.equal(existsSync(join(fixture.root, '.tools/node')), false);
  assert.equal(existsSync(join(fixture.root, '.tools/tmp')), false);
});

test('on a machine without a ready-made Node the user is told to install one', async () => {
  using fixture = makeTestProject(internet.environment);
  await assert.rejects(
    step(fixture, right, 'freebsd-riscv').install(quietProgress()),
    (error) => error instanceof SetupError && /nodejs\.org/u.test(error.advice.join()),
  );
});
