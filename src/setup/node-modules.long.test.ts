import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress } from '../testing/setup/test-project.mjs';
import { ToolFailure } from './failure.mjs';
import { nodeModulesStep } from './node.mjs';

let internet: Awaited<ReturnType<typeof startInternet>>;
let integrity: string;

before(async () => {
  internet = await startInternet();
  ({ integrity } = internet.npmPackage('tiny', '1.0.0', { 'index.js': '' }));
});

after(async () => await internet[Symbol.asyncDispose]());

/** A project that depends on `tiny`, locked at the given version and hash. */
function makeFixture(
  lock: { readonly version: string; readonly integrity: string },
  environment: NodeJS.ProcessEnv = internet.environment,
) {
  const fixture = makeTestProject(environment);
  const dependencies = { tiny: '1.0.0' };
  const packages = { '': { name: 'mine', version: '1.0.0', dependencies }, 'node_modules/tiny': lock };
  fixture.write('package.json', JSON.stringify({ name: 'mine', version: '1.0.0', dependencies }));
  fixture.write('package-lock.json', JSON.stringify({ name: 'mine', version: '1.0.0', lockfileVersion: 3, packages }));
  return Object.assign(fixture, { nodeModules: join(fixture.root, 'node_modules') });
}

test('packages are installed as locked, and again when the lock file changes', async () => {
  using fixture = makeFixture({ version: '1.0.0', integrity });
  const step = nodeModulesStep(fixture.project);
  fixture.write('node_modules/half-installed/index.js', '');
  assert.equal(step.isReady(), false);
  await step.install(quietProgress());
  assert.equal(step.isReady(), true);
  assert.deepEqual(
    readdirSync(fixture.nodeModules).filter((name) => !name.startsWith('.')),
    ['tiny'],
  );
  fixture.write('package-lock.json', '{}');
  assert.equal(step.isReady(), false);
});

test('the tools of development come when they are wanted, and then stay', async () => {
  using fixture = makeFixture({ version: '1.0.0', integrity });
  const own = { name: 'mine', version: '1.0.0', dependencies: { tiny: '1.0.0' }, devDependencies: { tool: '1.0.0' } };
  const tool = { version: '1.0.0', dev: true, ...internet.npmPackage('tool', '1.0.0', { 'index.js': '' }) };
  const packages = { '': own, 'node_modules/tiny': { version: '1.0.0', integrity }, 'node_modules/tool': tool };
  fixture.write('package.json', JSON.stringify(own));
  fixture.write('package-lock.json', JSON.stringify({ ...own, lockfileVersion: 3, packages }));
  const plain = nodeModulesStep(fixture.project);
  const dev = nodeModulesStep({ ...fixture.project, dev: true });
  const there = () => readdirSync(fixture.nodeModules).filter((name) => !name.startsWith('.'));
  await plain.install(quietProgress());
  assert.deepEqual([there(), plain.isReady(), dev.isReady()], [['tiny'], true, false]);
  await dev.install(quietProgress());
  assert.deepEqual([there(), plain.isReady(), dev.isReady()], [['tiny', 'tool'], true, true]);
  await plain.install(quietProgress());
  assert.deepEqual(there(), ['tiny', 'tool']);
});

test('a package with a wrong hash is refused', async () => {
  using fixture = makeFixture({ version: '1.0.0', integrity: integrity.replace(/-..../u, '-AAAA') });
  await assert.rejects(
    async () => await nodeModulesStep(fixture.project).install(quietProgress()),
    (error) => error instanceof ToolFailure && /wrong hash/u.test(error.message),
  );
  assert.equal(existsSync(fixture.nodeModules), false);
});

test('a lock file that does not fit package.json is refused', async () => {
  using fixture = makeFixture({ version: '0.9.0', integrity });
  await assert.rejects(
    async () => await nodeModulesStep(fixture.project).install(quietProgress()),
    /do not fit together: node_modules\/tiny is 1\.0\.0, locked is 0\.9\.0/u,
  );
  assert.equal(existsSync(fixture.nodeModules), false);
});

test('without a network it is told what to check', async () => {
  using fixture = makeFixture(
    { version: '1.0.0', integrity },
    { ...internet.environment, npm_config_registry: internet.nowhere, HOME: '/nonexistent' },
  );
  await assert.rejects(
    async () => await nodeModulesStep(fixture.project).install(quietProgress()),
    (error) => {
      assert.ok(error instanceof ToolFailure);
      assert.match(error.message, /cannot be reached/u);
      assert.match(error.advice.join(), /Check the network/u);
      return true;
    },
  );
});
