import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeNearlyReadyProject, startProgram } from '../testing/setup/test-project.mjs';

const archive = '/npm/tiny/-/tiny-1.0.0.tgz';
let internet: Awaited<ReturnType<typeof startInternet>>;

before(async () => {
  internet = await startInternet();
});

after(async () => await internet[Symbol.asyncDispose]());

type Fixture = ReturnType<typeof makeNearlyReadyProject>;

/** From another folder than the project's. */
function setUp(fixture: Fixture, environment: NodeJS.ProcessEnv = internet.environment, args: readonly string[] = []) {
  return startProgram([process.execPath, join(fixture.root, 'src/setup/setup.mjs'), ...args], {
    cwd: '/',
    env: environment,
  });
}

function leftovers(fixture: Fixture): readonly string[] {
  return existsSync(join(fixture.root, '.tools')) ? readdirSync(join(fixture.root, '.tools')) : [];
}

test('a first set-up says what it fetches; a second one has nothing to do and needs no network', async () => {
  using fixture = makeNearlyReadyProject(internet);
  const first = setUp(fixture);
  assert.equal(await first.end(), 0, first.output);
  assert.match(
    first.output,
    /^Node packages from the npm registry \(\d+ MB to fetch, \d+ MB on disk\)\n {2}done \(\d+ s\)\n$/u,
  );
  assert.deepEqual(leftovers(fixture), []);
  const second = setUp(fixture, { PATH: '/nonexistent', npm_config_registry: internet.nowhere });
  assert.equal(await second.end(), 0);
  assert.equal(second.output, '');
});

test('a set-up that nobody reads along with does what it was asked for', async () => {
  using fixture = makeNearlyReadyProject(internet);
  const run = setUp(fixture);
  run.child.stdout?.destroy();
  run.child.stderr?.destroy();
  assert.equal(await run.end(), 0);
  assert.ok(existsSync(join(fixture.root, 'node_modules/tiny')));
});

test('without a network it stops with a few lines that say what to do, and goes on another time', async () => {
  using fixture = makeNearlyReadyProject(internet);
  const offline = setUp(fixture, {
    ...internet.environment,
    npm_config_registry: internet.nowhere,
    HOME: fixture.root,
  });
  assert.equal(await offline.end(), 1);
  assert.match(
    offline.output,
    /Set-up stopped at: Node packages.*\n {2}The server to download from cannot be reached\.\n {2}Tried: npm install/u,
  );
  assert.match(offline.output, /-> Check the network/u);
  assert.doesNotMatch(offline.output, /\n {4}at /u);
  assert.deepEqual(leftovers(fixture), []);
  assert.equal(await setUp(fixture).end(), 0);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`interrupted by ${signal} in the middle of a download, it removes what is half done`, async () => {
    await using own = await startInternet();
    using fixture = makeNearlyReadyProject(own);
    own.silent.add(archive);
    const run = setUp(fixture, own.environment);
    await own.asked(archive);
    run.child.kill(signal);
    assert.equal(await run.end(), signal === 'SIGINT' ? 130 : 143);
    assert.match(run.output, /Set-up interrupted\. Run the same command again/u);
    assert.equal(existsSync(join(fixture.root, 'node_modules')), false);
    assert.deepEqual(leftovers(fixture), []);
  });
}

test('killed in the middle of a download, it leaves nothing that the next set-up trusts', async () => {
  await using own = await startInternet();
  using fixture = makeNearlyReadyProject(own);
  own.silent.add(archive);
  const killed = setUp(fixture, own.environment);
  await own.asked(archive);
  killed.child.kill('SIGKILL');
  await new Promise((resolve) => killed.child.once('exit', resolve));
  assert.equal(existsSync(join(fixture.root, 'node_modules')), false);
  assert.notDeepEqual(leftovers(fixture), []);
  own.silent.clear();
  const next = setUp(fixture, own.environment);
  assert.equal(await next.end(), 0, next.output);
  assert.equal(existsSync(join(fixture.root, 'node_modules/tiny/index.js')), true);
  assert.deepEqual(leftovers(fixture), []);
});

test('of two set-ups at the same time one works, and the other says that it waits', async () => {
  await using own = await startInternet();
  using fixture = makeNearlyReadyProject(own);
  own.silent.add(archive);
  const first = setUp(fixture, own.environment);
  await own.asked(archive);
  const second = setUp(fixture, own.environment);
  await second.says(new RegExp(`Another set-up \\(process ${first.child.pid}\\) is at work here`, 'u'));
  first.child.kill('SIGTERM');
  await first.end();
  own.silent.clear();
  assert.equal(await second.end(), 0, second.output);
});

test('help is given without setting anything up', async () => {
  using fixture = makeNearlyReadyProject(internet);
  for (const args of [['--help'], ['--dev', '-h']]) {
    const run = setUp(fixture, internet.environment, args);
    assert.equal(await run.end(), 0);
    assert.match(run.output, /^Usage: node src\/setup\/setup\.mjs/u);
  }
  mkdirSync(join(fixture.root, 'bench'));
  writeFileSync(join(fixture.root, 'bench/speed.ts'), "// How fast it is: npm run bench:speed\nimport 'tiny';\n");
  const bench = setUp(fixture, internet.environment, ['--dev', 'bench/speed.ts', '--help']);
  assert.equal(await bench.end(), 0);
  assert.equal(bench.output, 'How fast it is: npm run bench:speed\n');
  const unknown = setUp(fixture, internet.environment, ['--deb']);
  assert.equal(await unknown.end(), 1);
  assert.match(unknown.output, /no option --deb/u);
  assert.equal(existsSync(join(fixture.root, 'node_modules')), false);
});
