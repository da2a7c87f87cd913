import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');

/** Under these a package may come with Phonograph: none of them asks anything of who uses or changes it but to keep its notice. */
const allowed = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Zlib', 'CC0-1.0', 'PSF-2.0'];

/** Others, each with why. */
const exceptions = new Map([
  // Its files stay as they are and apart, which is all that the MPL asks.
  ['tqdm', 'MPL-2.0 AND MIT'],
  // Permissive as MIT is; its text comes with the package, which is all that it asks.
  ['graceful-fs', 'BlueOak-1.0.0'],
  // Given to the public: it asks nothing at all. What standardwebhooks hashes with.
  ['fast-sha256', 'Unlicense'],
  // Its Readme.md says MIT, and its package.json nothing.
  ['combine-errors', 'none'],
]);

/** A licence by SPDX; "AND" and "OR" are both taken as all of them. */
function isAllowed(name: string, licence: string): boolean {
  if (exceptions.get(name) === licence) return true;
  return licence.split(/ (?:AND|OR) /u).every((each) => allowed.includes(each.replaceAll(/[()]/gu, '')));
}

test('every package of Node that comes with the server has a licence of the list', () => {
  const { packages }: { readonly packages: Record<string, { readonly license?: string; readonly dev?: boolean }> } =
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  assert.ok(shipped.length > 50);
  for (const [path, { license = 'none' }] of shipped) {
    const name = path.replace(/^.*node_modules\//u, '');
    assert.ok(isAllowed(name, license), `${name}: ${license}`);
  }
});

/** How older packages write what SPDX has other names for. */
const spdx = new Map([
  ['MIT License', 'MIT'],
  ['Apache 2.0', 'Apache-2.0'],
  ['Apache Software License', 'Apache-2.0'],
  ['3-Clause BSD License', 'BSD-3-Clause'],
  ['BSD License', 'BSD-3-Clause'],
]);

const listLicences = `
import importlib.metadata, json
def licence(data):
    named = [each.split("::")[-1].strip() for each in data.get_all("Classifier", []) if each.startswith("License ::")]
    return data.get("License-Expression") or (named or [data.get("License") or "none"])[0]
print(json.dumps({each.metadata["Name"].lower().replace("_", "-"): licence(each.metadata) for each in importlib.metadata.distributions()}))
`;

test('every package of Python that comes with the engine has a licence of the list', async () => {
  const engine = join(root, 'runner/engine');
  const lock = ['export', '--frozen', '--no-default-groups', '--no-emit-project', '--no-hashes', '--quiet'];
  const { stdout: list } = await execa(join(root, '.tools/uv/bin/uv'), lock, { cwd: engine });
  const { stdout } = await execa(join(root, '.venv/bin/python'), ['-I', '-c', listLicences]);
  const licences: Record<string, string> = JSON.parse(stdout);
  const shipped = [...list.matchAll(/^(?<name>[\w.-]+)==/gmu)].map(({ groups }) => groups?.['name'] ?? '');
  const installed = shipped.filter((name) => name in licences);
  assert.ok(installed.length > 15, 'others are for other systems');
  for (const name of installed) {
    const told = licences[name] ?? 'none';
    assert.ok(isAllowed(name, spdx.get(told) ?? told), `${name}: ${told}`);
  }
});
