import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readConfig, refuseWithoutKeys } from '../../config/config.ts';

const root = join(import.meta.dirname, '../../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const dockerfile = read('Dockerfile')
  .replaceAll(/^#.*\n/gmu, '')
  .replaceAll(/\\\n\s*/gu, '')
  .split('\n');
const { phonograph: service } = parse(read('compose.yaml')).services;

/** What stands behind an instruction, wherever it is given. */
function given(instruction: string): readonly string[] {
  return dockerfile.flatMap((line) => (line.startsWith(`${instruction} `) ? [line.slice(instruction.length + 1)] : []));
}

const environment: Record<string, string> = Object.fromEntries(
  given('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=', 2))),
);

test('what the image copies is there, and .dockerignore lets it through', () => {
  const copied = given('COPY').filter((line) => !line.startsWith('--from'));
  const names = copied.flatMap((line) => line.split(' ').slice(0, -1));
  const allowed = read('.dockerignore').split('\n');
  assert.ok(names.length > 10);
  for (const name of names) {
    assert.ok(existsSync(join(root, name)), name);
    assert.ok(allowed.includes(`!${name.split('/')[0]}`), name);
  }
});

test('the Python of the image is one that the engine is made for', () => {
  const [, oldest] = /^python_version = "3\.(\d+)"$/mu.exec(read('runner/engine/pyproject.toml')) ?? [];
  const pythons = given('ARG').flatMap((line) => /^PYTHON=python3\.(\d+)$/u.exec(line)?.[1] ?? []);
  assert.equal(new Set(pythons).size, 1, 'both stages have the same');
  assert.ok(Number(pythons[0]) >= Number(oldest));
});

test('with the settings of the image it starts with an API key, and not without', () => {
  const config = readConfig(root, { ...environment, ...service.environment });
  assert.throws(() => refuseWithoutKeys(config), /listenHost/u);
  const { server } = config;
  assert.deepEqual(
    [server.dataDirectory, server.mediaRoots, server.allowedHosts],
    ['/data', [{ configured: '/media', path: '/media' }], ['*']],
  );
});

test('compose.yaml maps the port and the folders of the image, the recordings read-only', () => {
  assert.deepEqual(service.ports, [`127.0.0.1:4000:${given('EXPOSE')[0]}`]);
  assert.equal(environment['PHONOGRAPH_LISTEN_PORT'], given('EXPOSE')[0]);
  const mapped = (service.volumes as string[]).map((line) => line.slice(line.indexOf(':') + 1));
  assert.deepEqual(mapped, ['/data', environment['PHONOGRAPH_MODEL_DIRECTORY'], '/media:ro']);
  assert.deepEqual(given('VOLUME'), ['/data /media']);
});
