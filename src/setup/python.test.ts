import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeTestProject } from '../testing/setup/test-project.mjs';
import { SetupError } from './failure.mjs';
import { findPython } from './python.mjs';

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
    python3: 'echo 3.9.2 True True',
  });
  assert.deepEqual(found, { program: 'python3.12', version: '3.12.4' });
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
    pythons: { python3: 'echo 3.9.2 True True' },
    message: /3\.11 or newer/u,
    advice: /python3\.12/u,
  },
  {
    when: 'venv is missing',
    pythons: { python3: 'echo 3.11.2 False True' },
    message: /3\.11\.2 is here.*venv and ensurepip/u,
    advice: /venv/u,
  },
  {
    when: 'it is a 32-bit one',
    pythons: { python3: 'echo 3.11.2 True False' },
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
    find({ python3: 'echo 3.11.2 False True' }),
    (error) => error instanceof SetupError && /sudo apt install python3\.11-venv/u.test(error.advice[0] ?? ''),
  );
});
