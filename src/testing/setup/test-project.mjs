import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf, writeStamp } from '../../setup/files.mjs';
import { readCompactModel } from '../../setup/model.mjs';
import { openProject } from '../../setup/project.mjs';

const ownRoot = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * For tests: an empty project in a temporary folder, with a space in its name, that is removed in the end.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 */
export function makeTestProject(environment = {}) {
  const parent = mkdtempSync(join(tmpdir(), 'phonograph-set-up-'));
  const root = join(parent, 'my project');
  mkdirSync(root);
  const controller = new AbortController();
  return {
    root,
    ...openTestProject(root, environment, controller),
    /** @param {string} name @param {string} text */
    write(name, text) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    },
    /** The uv of the real project. */
    borrowUv() {
      mkdirSync(join(root, '.tools'));
      symlinkSync(join(ownRoot, '.tools/uv'), join(root, '.tools/uv'));
    },
    /** The environment of the real project: it has the program that asks the hub. */
    borrowPython() {
      symlinkSync(join(ownRoot, '.venv'), join(root, '.venv'));
    },
    /**
     * A lock file of uv for the engine.
     *
     * @param {readonly Wheel[]} engine its packages
     * @param {Readonly<Record<string, readonly Wheel[]>>} groups
     */
    lockEngine(engine, groups = {}) {
      writeLock(join(root, 'runner/engine'), engine, groups);
    },
    /** The set-up itself, to be run as a program. */
    copySetup() {
      cpSync(join(ownRoot, 'src/setup'), join(root, 'src/setup'), { recursive: true });
    },
    /** An environment that a set-up takes as done. */
    pretendEngine() {
      const folder = join(root, '.venv');
      mkdirSync(join(folder, 'bin'), { recursive: true });
      symlinkSync(process.execPath, join(folder, 'bin/python'));
      writeLock(join(root, 'runner/engine'), [], {});
      const lock = hashOf(join(root, 'runner/engine/uv.lock'));
      writeStamp(folder, { lock, interpreter: realpathSync(process.execPath), groups: [] });
    },
    /** A model of the right sizes, all zeros, and its stamp: a set-up takes it as done. */
    pretendModel() {
      const { pypi } = readCompactModel();
      const folder = join(root, 'models', 'base');
      mkdirSync(folder, { recursive: true });
      for (const [name, { bytes }] of Object.entries(pypi)) {
        writeFileSync(join(folder, name), '');
        truncateSync(join(folder, name), bytes);
      }
      writeStamp(folder, { model: pypi['model.bin']?.sha256 });
    },
    [Symbol.dispose]() {
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

/**
 * @typedef {ReturnType<Awaited<ReturnType<typeof import('./test-internet.mjs').startInternet>>['wheel']>} Wheel
 *
 * @param {string} folder
 * @param {readonly Wheel[]} engine
 * @param {Readonly<Record<string, readonly Wheel[]>>} groups
 */
function writeLock(folder, engine, groups) {
  const named = (/** @type {readonly Wheel[]} */ wheels) =>
    `[${wheels.map(({ name }) => `{ name = "${name}" }`).join(', ')}]`;
  const pypi = 'https://files.pythonhosted.org';
  const project = ['name = "engine"', 'version = "0"'];
  const lines = [
    'version = 1',
    'revision = 3',
    'requires-python = ">=3.11"',
    '[[package]]',
    ...project,
    'source = { virtual = "." }',
    `dependencies = ${named(engine)}`,
    '[package.dev-dependencies]',
    ...Object.entries(groups).map(([name, wheels]) => `${name} = ${named(wheels)}`),
  ];
  for (const { name, version, file, sha256 } of new Set([...engine, ...Object.values(groups).flat()])) {
    lines.push('[[package]]', `name = "${name}"`, `version = "${version}"`);
    lines.push('source = { registry = "https://pypi.org/simple" }');
    lines.push(`wheels = [{ url = "${pypi}/${file}", hash = "sha256:${sha256}" }]`);
  }
  mkdirSync(folder, { recursive: true });
  const list = (/** @type {readonly Wheel[]} */ wheels) => JSON.stringify(wheels.map(({ requirement }) => requirement));
  const declared = Object.entries(groups).map(([name, wheels]) => `${name} = ${list(wheels)}`);
  const needs = ['requires-python = ">=3.11"', `dependencies = ${list(engine)}`];
  const settings = [
    '[project]',
    ...project,
    ...needs,
    '[dependency-groups]',
    ...declared,
    '[tool.uv]',
    'package = false',
  ];
  writeFileSync(join(folder, 'pyproject.toml'), settings.join('\n'));
  writeFileSync(join(folder, 'uv.lock'), lines.join('\n'));
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} environment
 * @param {AbortController} controller
 */
function openTestProject(root, environment, controller) {
  return {
    project: openProject({ root, environment, signal: controller.signal }),
    abort: () => controller.abort(new Error('aborted')),
  };
}

/**
 * A project that only lacks what npm installs, to see the set-up as a whole at work.
 *
 * @param {Awaited<ReturnType<typeof import('./test-internet.mjs').startInternet>>} internet
 */
export function makeNearlyReadyProject(internet) {
  const fixture = makeTestProject(internet.environment);
  const { integrity } = internet.npmPackage('tiny', '1.0.0', { 'index.js': '' });
  const own = {
    name: 'mine',
    version: '1.0.0',
    type: 'module',
    scripts: { start: 'exec node src/setup/setup.mjs src/main.ts' },
    dependencies: { tiny: '1.0.0' },
  };
  fixture.write('package.json', JSON.stringify(own));
  const packages = { '': own, 'node_modules/tiny': { version: '1.0.0', integrity } };
  fixture.write('package-lock.json', JSON.stringify({ name: 'mine', version: '1.0.0', lockfileVersion: 3, packages }));
  fixture.write('config.json', '{"transcription":{"computePower":"CPU_ONLY"}}');
  fixture.pretendEngine();
  fixture.copySetup();
  fixture.pretendModel();
  return fixture;
}

/** Takes what a step has to tell. */
export function quietProgress() {
  /** @type {string[]} */
  const told = [];
  return {
    told,
    note() {},
    warn: (/** @type {string} */ text) => {
      told.push(text);
    },
    end() {},
  };
}

/**
 * Runs a program and collects what it prints.
 *
 * @param {readonly string[]} command
 * @param {import('node:child_process').SpawnOptions} options
 */
export function startProgram([program = '', ...args], options) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const run = { child, output: '', ended: once(child, 'close') };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      run.output += text;
      child.emit('said');
    });
  }
  return {
    ...run,
    get output() {
      return run.output;
    },
    /** @param {RegExp} pattern */
    async says(pattern) {
      while (!pattern.test(run.output)) {
        const [event] = await Promise.race([once(child, 'said').then(() => ['said']), run.ended.then(() => ['ended'])]);
        if (event === 'ended' && !pattern.test(run.output)) throw new Error(`ended without ${pattern}:\n${run.output}`);
      }
    },
    /** @returns {Promise<number | null>} the exit code, null when a signal ended it */
    async end() {
      const [code] = await run.ended;
      return code;
    },
  };
}
