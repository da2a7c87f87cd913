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
import { compactModel } from '../../setup/compact-model.mjs';
import { hashOf, writeStamp } from '../../setup/files.mjs';
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
    /** The environment of the real project: it has pip. */
    borrowPython() {
      symlinkSync(join(ownRoot, '.venv'), join(root, '.venv'));
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
      const lock = join(root, 'runner/engine/requirements.txt');
      mkdirSync(dirname(lock), { recursive: true });
      writeFileSync(lock, '');
      writeStamp(folder, { runtime: hashOf(lock), interpreter: realpathSync(process.execPath) });
    },
    /** A model of the right sizes, all zeros, and its stamp: a set-up takes it as done. */
    pretendModel() {
      const folder = join(root, 'models', 'base');
      mkdirSync(folder, { recursive: true });
      for (const [name, { bytes }] of Object.entries(compactModel.pypi.files)) {
        writeFileSync(join(folder, name), '');
        truncateSync(join(folder, name), bytes);
      }
      writeStamp(folder, { model: compactModel.pypi.files['model.bin']?.sha256 });
    },
    [Symbol.dispose]() {
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} environment
 * @param {AbortController} controller
 */
function openTestProject(root, environment, controller) {
  return {
    project: openProject({ root, dev: false, environment, signal: controller.signal }),
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
    scripts: { start: 'exec node src/setup/setup.mjs start' },
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
