import { existsSync } from 'node:fs';
import { SetupError } from './failure.mjs';
import { runTool } from './run-tool.mjs';

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
