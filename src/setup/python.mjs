import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './failure.mjs';
import { folderStep, hashOf, readStamp, writeStamp } from './files.mjs';
import { runTool } from './tool.mjs';

/** Best first: those for which all packages of the engine are known to exist ready-made. */
const names = ['python3.13', 'python3.12', 'python3.11', 'python3', 'python'];

/** Prints the version, whether it is new enough and of 64 bits, and whether it can make environments: Debian ships that part apart. */
const probe = `
import sys, importlib.util
fits = sys.version_info >= (3, 11) and sys.maxsize > 2**32
print('.'.join(map(str, sys.version_info[:3])), fits, all(importlib.util.find_spec(m) for m in ('venv', 'ensurepip')))
`;

const onDebian = existsSync('/etc/debian_version');

/**
 * Finds a Python that can run the engine.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {Promise<string>} the program
 */
export async function findPython(project) {
  /** @type {{ readonly program: string, readonly version: string, readonly fits: boolean }[]} */
  const seen = [];
  for (const program of names) {
    // Where it is not there, or a placeholder that only says how to install it, the next name may be better.
    const output = await runTool([program, '-I', '-c', probe], { ...project, cwd: project.root }).catch(() => '');
    project.signal.throwIfAborted();
    const [, version, fits, hasVenv] = /^(\d+\.\d+\.\d+) (True|False) (True|False)$/mu.exec(output) ?? [];
    if (fits === 'True' && hasVenv === 'True') return program;
    if (version !== undefined) seen.push({ program, version, fits: fits === 'True' });
  }
  const details = [`Looked for: ${names.join(', ')}`, ...seen.map((one) => `Found: ${one.program} is ${one.version}`)];
  const almost = seen.find(({ fits }) => fits)?.version;
  const packages = almost === undefined ? 'python3 python3-venv' : `python${almost.replace(/\.\d+$/u, '')}-venv`;
  const advice = onDebian ? `Install it: sudo apt install ${packages}` : 'Install it with your package manager.';
  if (almost !== undefined) {
    const message = `Python ${almost} is here, but its modules venv and ensurepip are missing.`;
    throw new SetupError(message, { details, advice: [advice] });
  }
  throw new SetupError(seen.length === 0 ? 'There is no Python here.' : 'Python 3.11 or newer (64-bit) is needed.', {
    details,
    advice: [advice, 'Where python3 is older, install a newer one beside it, such as python3.12: it is found by name.'],
  });
}

/**
 * .tools/uv: uv (https://docs.astral.sh/uv), which installs what comes from PyPI, in a Python environment of its own.
 *
 * @param {import('./project.mjs').Project} project
 * @param {readonly import('./project.mjs').Step[]} users the steps that need it
 * @returns {import('./project.mjs').Step}
 */
export function uvStep(project, users) {
  const lock = join(project.root, 'src/setup/uv.txt');
  return folderStep(project, {
    title: 'uv, which installs Python packages, from PyPI (24 MB to fetch, 75 MB on disk)',
    place: join(project.tools, 'uv'),
    megabytes: 150,
    isReady: (stamp) => stamp['lock'] === hashOf(lock) || users.every((step) => step.isReady()),
    async make({ staging }) {
      const options = { ...project, cwd: staging, environment: { ...project.environment, TMPDIR: staging } };
      const venv = join(staging, 'uv');
      await runTool([await findPython(project), '-I', '-m', 'venv', venv], options);
      const flags = ['--no-input', '--disable-pip-version-check', '--require-hashes', '--only-binary=:all:'];
      await runTool([join(venv, 'bin/python'), '-I', '-m', 'pip', 'install', ...flags, '-r', lock], options);
      return writeStamp(venv, { lock: hashOf(lock) });
    },
  });
}

/**
 * Installs packages as the engine's lock file has them, by their hashes.
 *
 * Not by `uv sync`, which fetches from where the lock file was made: an index of the user's own may be all that can be reached.
 *
 * @param {readonly string[]} groups such as --group dev, or --only-group model
 * @param {readonly string[]} target where to: --python PROGRAM, or --target FOLDER
 * @param {import('./project.mjs').Work} work
 */
export async function installGroups(groups, target, work) {
  const list = join(work.staging, 'requirements.txt');
  const lock = ['--frozen', '--no-emit-project', '--no-default-groups', '--quiet'];
  await runUv(['export', ...lock, ...groups, '-o', list], work);
  const flags = ['--require-hashes', '--no-deps', '--only-binary', ':all:'];
  await runUv(['pip', 'install', ...flags, '-r', list, ...target], work, await pipSettings(work.project));
}

/** Runs uv in the engine's folder. @param {readonly string[]} args @param {import('./project.mjs').Work} work @param {NodeJS.ProcessEnv} [told] */
async function runUv(args, { project, staging, progress }, told = {}) {
  // TMPDIR: what is half done lies, and is removed, with the rest; and /tmp may be small.
  const own = { UV_PYTHON_DOWNLOADS: 'never', UV_NO_PROGRESS: '1', TMPDIR: staging };
  let megabytes = 0;
  return await runTool([join(project.tools, 'uv/bin/uv'), ...args], {
    ...project,
    cwd: project.engine,
    environment: { UV_SYSTEM_CERTS: '1', ...told, ...project.environment, ...own },
    onLine(line) {
      const [, name, size] = /^\s*Downloading (\S+) \(([\d.]+)MiB\)/u.exec(line) ?? [];
      if (name !== undefined) progress.note(`${name} (${Math.round((megabytes += Number(size)))} MB)`);
    },
  });
}

/** What pip calls a setting, and the variable by which uv reads it. */
const settings = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  proxy: 'ALL_PROXY',
};

/** What the user has told pip, by variables or in its files, in the words of uv, which reads none of it. @param {import('./project.mjs').Project} project */
async function pipSettings(project) {
  const pip = [join(project.tools, 'uv/bin/python'), '-m', 'pip', '--disable-pip-version-check'];
  const told = await runTool([...pip, 'config', 'list'], { ...project, cwd: project.root });
  // Variables come first in what pip tells; several values of a setting stand apart by new lines or spaces.
  const found = Object.entries(settings).map(([name, variable]) => {
    const [, value = ''] = new RegExp(`^(?::env:|install|global)\\.${name}='(.*)'$`, 'mu').exec(told) ?? [];
    return [variable, value.replaceAll(/\\n|\s+/gu, ' ').trim()];
  });
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/** What lies where there is an NVIDIA driver: on Linux, and on Windows' Linux. */
const signsOfNvidia = ['/proc/driver/nvidia/version', '/usr/lib/wsl/lib/nvidia-smi'];

/**
 * .venv, the Python environment of the engine: its packages, the tools of development where they are wanted, and on a machine with an NVIDIA graphics card
 * cuBLAS, which CTranslate2 loads and does not bring with it.
 *
 * @param {import('./project.mjs').Project} project
 * @param {{ readonly machine?: string, readonly signs?: readonly string[] }} [options]
 * @returns {import('./project.mjs').Step}
 */
export function engineStep(project, { machine = `${process.platform}-${process.arch}`, signs = signsOfNvidia } = {}) {
  const place = join(project.root, '.venv');
  const lock = join(project.engine, 'uv.lock');
  // CTranslate2's wheels for other machines know no CUDA.
  const wantsCuda = machine === 'linux-x64' && (project.cuda || (!project.cpuOnly && signs.some(existsSync)));
  const wanted = [...(project.dev ? ['dev'] : []), ...(wantsCuda ? ['cuda'] : [])];
  /** @param {import('./files.mjs').Stamp} stamp @returns {readonly string[] | null} the groups that are there; null where not all is as it must be */
  const groupsOf = ({ lock: made, interpreter, groups }) =>
    // A system that has replaced its Python leaves an environment that points to nothing, or to another version.
    made === hashOf(lock) && interpreter === interpreterOf(place) && Array.isArray(groups) ? groups : null;
  const cuda = '; CUDA for the graphics card: 670 MB and 1.1 GB more, none with computePower CPU_ONLY';
  return folderStep(project, {
    title: `Python packages of the engine from PyPI (140 MB to fetch, 480 MB on disk${wantsCuda ? cuda : ''})`,
    place,
    megabytes: wantsCuda ? 3500 : 1000,
    isReady(stamp) {
      const groups = groupsOf(stamp);
      return groups !== null && wanted.every((group) => groups.includes(group));
    },
    async make(work) {
      // What is here stays: else `npm start` and `npm test` would take turns in replacing the environment.
      const groups = [...new Set([...(groupsOf(readStamp(place)) ?? []), ...wanted])];
      const venv = join(work.staging, 'venv');
      // --relocatable: its scripts find their own place, so that it may be renamed.
      await runUv(['venv', '--quiet', '--relocatable', '--python', await findPython(project), venv], work);
      const chosen = groups.flatMap((group) => ['--group', group]);
      await installGroups(chosen, ['--python', pythonOf(venv), '--compile-bytecode'], work);
      return writeStamp(venv, { lock: hashOf(lock), interpreter: interpreterOf(venv), groups });
    },
  });
}

/** @param {string} venv */
export function pythonOf(venv) {
  return join(venv, 'bin', 'python');
}

/** @param {string} venv @returns {string} the program behind it; empty where there is none */
function interpreterOf(venv) {
  return existsSync(pythonOf(venv)) ? realpathSync(pythonOf(venv)) : '';
}
