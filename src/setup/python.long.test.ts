import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress } from '../testing/setup/test-project.mjs';
import { SetupError } from './failure.mjs';
import { findPython, uvStep } from './python.mjs';

/** Programs that answer as Pythons of all kinds do. */
async function find(pythons: Readonly<Record<string, string>>) {
  using fixture = makeTestProject();
  const bin = join(fixture.root, 'bin');
  for (const [name, script] of Object.entries({ ...pythons, unrelated: '' })) {
    fixture.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  fixture.project.environment = { PATH: bin };
  return await findPython(fixture.project);
}

test('the newest known Python is taken, even where a placeholder or an old one comes first', async () => {
  const found = await find({
    'python3.13': 'echo "python3.13: command not found"; exit 127',
    'python3.12': 'echo 3.12.4 True True',
    python3: 'echo 3.9.2 False True',
  });
  assert.equal(found, 'python3.12');
});

const refusals: readonly {
  readonly when: string;
  readonly pythons: Readonly<Record<string, string>>;
  readonly message: RegExp;
  readonly advice: RegExp;
}[] = [
  { when: 'there is none', pythons: {}, message: /no Python/u, advice: /[Ii]nstall/u },
  {
    when: 'it is too old',
    pythons: { python3: 'echo 3.9.2 False True' },
    message: /3\.11 or newer/u,
    advice: /python3\.12/u,
  },
  {
    when: 'venv is missing',
    pythons: { python3: 'echo 3.11.2 True False' },
    message: /3\.11\.2 is here.*venv and ensurepip/u,
    advice: /venv/u,
  },
  {
    when: 'it is a 32-bit one',
    pythons: { python3: 'echo 3.11.2 False True' },
    message: /64-bit/u,
    advice: /[Ii]nstall/u,
  },
];

for (const { when, pythons, message, advice } of refusals) {
  test(`it is told what to do when ${when}`, async () => {
    await assert.rejects(find(pythons), (error) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, message);
      assert.match(error.advice.join('\n'), advice);
      return true;
    });
  });
}

test('on Debian the missing package is named', { skip: !existsSync('/etc/debian_version') }, async () => {
  await assert.rejects(
    find({ python3: 'echo 3.11.2 True False' }),
    (error) => error instanceof SetupError && /sudo apt install python3\.11-venv/u.test(error.advice[0] ?? ''),
  );
});

test('uv comes from PyPI by its hash', async () => {
  await using internet = await startInternet();
  using fixture = makeTestProject(internet.environment);
  const { requirement, sha256 } = internet.wheel('uv', '1.0', { 'uv-1.0.data/scripts/uv': '#!/bin/sh\necho uv 1.0\n' });
  fixture.write('src/setup/uv.txt', `${requirement} --hash=sha256:${'0'.repeat(64)}\n`);
  const user = { title: '', isReady: () => false, install: () => Promise.resolve() };
  const step = uvStep(fixture.project, [user]);
  await assert.rejects(
    async () => await step.install(quietProgress()),
    (error) => error instanceof SetupError && error.isWrongHash,
  );
  assert.equal(existsSync(join(fixture.root, '.tools/uv')), false);
  fixture.write('src/setup/uv.txt', `${requirement} --hash=sha256:${sha256}\n`);
  assert.equal(step.isReady(), false);
  await step.install(quietProgress());
  assert.equal(step.isReady(), true);
  assert.equal(spawnSync(join(fixture.root, '.tools/uv/bin/uv'), { encoding: 'utf8' }).stdout, 'uv 1.0\n');
});

test('where nothing else is missing, uv is not needed', () => {
  using fixture = makeTestProject();
  fixture.write('src/setup/uv.txt', '');
  const user = { title: '', isReady: () => true, install: () => Promise.resolve() };
  assert.equal(uvStep(fixture.project, [user]).isReady(), true);
});
