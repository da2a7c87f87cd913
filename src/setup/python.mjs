import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './failure.mjs';
import { hashOf, makeFolder, namesIn, readStamp, requireSpace, writeStamp } from './files.mjs';
import { runTool } from './tool.mjs';

/** Best first: those for which all packages of the engine are known to exist ready-made. */
const names = ['python3.13', 'python3.12', 'python3.11', 'python3', 'python'];

const oldest = [3, 11];

/** Prints the version, and whether it can make environments: Debian ships that part apart. */
const probe = `
import sys, importlib.util
print('.'.join(map(str, sys.version_info[:3])), all(importlib.util.find_spec(m) for m in ('venv', 'ensurepip')), sys.maxsize > 2**32)
`;

/**
 * Finds a Python that can run the engine.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {Promise<{ readonly program: string, readonly version: string }>}
 */
export async function findPython(project) {
  /** @type {string[]} */
  const seen = [];
  let lacksVenv = '';
  for (const program of names) {
    const answer = await ask(program, project);
    if (answer === null) continue;
    const { version, hasVenv, is64Bit } = answer;
    seen.push(`${program} is ${version}${hasVenv ? '' : ', without venv'}${is64Bit ? '' : ', 32-bit'}`);
    if (!isNewEnough(version) || !is64Bit) continue;
    if (hasVenv) return { program, version };
    lacksVenv ||= version;
  }
  throw new SetupError(sayWhy(seen, lacksVenv), {
    details: [`Looked for: ${names.join(', ')}`, ...seen.map((line) => `Found: ${line}`)],
    advice: lacksVenv === '' ? installAdvice : venvAdvice(lacksVenv),
  });
}

/**
 * @param {string} program
 * @param {import('./project.mjs').Project} project
 */
async function ask(program, project) {
  try {
    const output = await runTool([program, '-I', '-c', probe], { ...project, cwd: project.root });
    const [, version, hasVenv, is64Bit] = /^(\d+\.\d+\.\d+) (True|False) (True|False)$/mu.exec(output) ?? [];
    return version === undefined ? null : { version, hasVenv: hasVenv === 'True', is64Bit: is64Bit === 'True' };
  } catch {
    project.signal.throwIfAborted();
    // Not there, or a placeholder that only says how to install it: the next name may be better.
    return null;
  }
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === oldest[0] && minor >= (oldest[1] ?? 0);
}

/**
 * @param {readonly string[]} seen
 * @param {string} lacksVenv
 */
function sayWhy(seen, lacksVenv) {
  if (lacksVenv !== '') return `Python ${lacksVenv} is here, but its modules venv and ensurepip are missing.`;
  return seen.length === 0
    ? 'There is no Python on this machine.'
    : `Python ${oldest.join('.')} or newer (64-bit) is needed.`;
}

const onDebian = existsSync('/etc/debian_version');

const installAdvice = [
  onDebian
    ? 'Install it: sudo apt install python3 python3-venv'
    : 'Install Python 3.11, 3.12 or 3.13 with your package manager, or from https://www.python.org.',
  'On a distribution whose python3 is older, install a newer one beside it, such as python3.12; the set-up finds it by that name.',
];

/** @param {string} version */
function venvAdvice(version) {
  const name = `python${version.split('.').slice(0, 2).join('.')}-venv`;
  return [
    onDebian
      ? `Install them: sudo apt install ${name}`
      : 'Install the package of your distribution that brings venv and ensurepip.',
  ];
}

/**
 * Runs pip. The user's indexes, proxies and certificates count; settings that send packages elsewhere do not.
 *
 * @param {readonly string[]} args
 * @param {{ readonly python: string, readonly workshop: string, readonly project: import('./project.mjs').Project, readonly progress: import('./tool.mjs').Progress }} options
 */
export async function runPip(args, { python, workshop, project, progress }) {
  const { PIP_TARGET: _target, PIP_PREFIX: _prefix, PIP_ROOT: _root, ...rest } = project.environment;
  // TMPDIR: what is half done lies, and is removed, with the rest; and /tmp may be small.
  const environment = {
    ...rest,
    PIP_USER: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    TMPDIR: workshop,
  };
  let stage = 'asking the index';
  const timer = setInterval(
    () => progress.note(`${Math.round(bytesFetched(workshop) / 1e6)} MB fetched · ${stage}`),
    500,
  );
  try {
    return await runTool([python, '-I', '-m', 'pip', ...args, '--progress-bar', 'off'], {
      cwd: workshop,
      signal: project.signal,
      environment,
      onLine(line) {
        const [, file] = /^\s*(?:Downloading|Using cached) (\S+)/u.exec(line) ?? [];
        if (file !== undefined) stage = file.replace(/^.*\//u, '');
        if (line.startsWith('Installing collected packages')) stage = 'unpacking';
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * pip keeps what it has fetched in folders of this name until it is done. It removes them whenever it likes.
 *
 * @param {string} workshop
 */
export function bytesFetched(workshop) {
  let bytes = 0;
  for (const name of namesIn(workshop)) {
    if (!name.startsWith('pip-unpack-')) continue;
    for (const file of namesIn(join(workshop, name))) {
      bytes += statSync(join(workshop, name, file), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}

/**
 * .venv, the Python environment of the engine, from the hash-locked requirements. Those of development contain the others.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {import('./project.mjs').Step}
 */
export function engineStep(project) {
  const place = join(project.root, '.venv');
  const folder = join(project.root, 'runner', 'engine');
  const locks = { runtime: join(folder, 'requirements.txt'), dev: join(folder, 'requirements-dev.txt') };
  /** @param {string} venv */
  const isSound = (venv) => {
    const { runtime, interpreter } = readStamp(venv);
    // A system that has replaced its Python leaves an environment that points to nothing, or to another version.
    return runtime === hashOf(locks.runtime) && interpreter === interpreterOf(venv);
  };
  return {
    title: 'Python packages of the engine from PyPI (140 MB to fetch, 480 MB on disk)',
    isReady: () => isSound(place) && (!project.dev || readStamp(place)['dev'] === hashOf(locks.dev)),
    async install(progress) {
      await requireSpace(project.temporary, 1000);
      // Once the tools of development are here, they stay: else `npm start` and `npm test` would take turns in replacing the environment.
      const dev = project.dev || typeof readStamp(place)['dev'] === 'string';
      await makeFolder(place, project.temporary, async (workshop) => {
        const venv = join(workshop, 'venv');
        const { python: version } = isSound(place)
          ? await copyEnvironment(place, venv, project)
          : await makeEnvironment(venv, project);
        const python = pythonOf(venv);
        const requirements = ['--require-hashes', '--only-binary=:all:', '-r', dev ? locks.dev : locks.runtime];
        await runPip(['install', ...requirements], { python, workshop, project, progress });
        settleEnvironment(venv, place);
        writeStamp(venv, {
          runtime: hashOf(locks.runtime),
          dev: dev ? hashOf(locks.dev) : null,
          python: version,
          interpreter: interpreterOf(venv),
        });
        return venv;
      });
    },
  };
}

/** @param {string} venv */
export function pythonOf(venv) {
  return join(venv, 'bin', 'python');
}

/**
 * @param {string} venv
 * @param {import('./project.mjs').Project} project
 */
async function makeEnvironment(venv, project) {
  const { program, version } = await findPython(project);
  await runTool([program, '-I', '-m', 'venv', venv], { ...project, cwd: project.root });
  return { python: version };
}

/**
 * What is there already need not be fetched again to add the tools of development. The copy's scripts name the original's place, which will be its own.
 *
 * @param {string} place
 * @param {string} venv
 * @param {import('./project.mjs').Project} project
 */
async function copyEnvironment(place, venv, project) {
  await runTool(['cp', '-a', place, venv], { ...project, cwd: project.root });
  return { python: readStamp(place)['python'] };
}

/** @param {string} venv */
function interpreterOf(venv) {
  try {
    return realpathSync(pythonOf(venv));
  } catch {
    return null;
  }
}

/**
 * Makes a Python environment ready to be renamed: its scripts and its configuration name the folder that it was made in.
 *
 * @param {string} venv where it is
 * @param {string} place where it will be
 */
function settleEnvironment(venv, place) {
  const scripts = readdirSync(join(venv, 'bin'), { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of [join(venv, 'pyvenv.cfg'), ...scripts.map(({ name }) => join(venv, 'bin', name))]) {
    const content = readFileSync(file);
    // Programs in machine code find their own place.
    if (content.includes(0)) continue;
    writeFileSync(file, content.toString('latin1').replaceAll(latin1(venv), latin1(place)), 'latin1');
  }
}

/**
 * The same bytes, one character each: scripts may be in any encoding.
 *
 * @param {string} text
 */
function latin1(text) {
  return Buffer.from(text).toString('latin1');
}
