import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * What every step of the set-up knows: where things are and what is wanted.
 *
 * @typedef {object} Project
 * @property {string} root the project's folder
 * @property {string} engine the folder of the engine, with its lock file
 * @property {string} modelDirectory
 * @property {string} tools where the set-up puts what has no other place
 * @property {boolean} dev whether the tools of development are wanted too
 * @property {boolean} cuda whether the CUDA libraries are wanted on a machine without a graphics card: for an image
 * @property {boolean} cpuOnly whether the settings rule the graphics card out
 * @property {NodeJS.ProcessEnv} environment for the programs that are run
 * @property {AbortSignal} signal aborts when the user interrupts
 *
 * One thing that must be in place.
 *
 * @typedef {object} Step
 * @property {string} title with its size, for the user to decide whether to wait
 * @property {() => boolean} isReady fast, without network or child processes
 * @property {(progress: import('./tool.mjs').Progress) => Promise<unknown>} install leaves it ready, or as it was
 *
 * What a step has to work with: a folder for what is half done, and where to tell how far it is.
 *
 * @typedef {{ readonly project: Project, readonly staging: string, readonly progress: import('./tool.mjs').Progress }} Work
 */

/**
 * @param {Pick<Project, 'root' | 'environment' | 'signal'> & Partial<Pick<Project, 'dev' | 'cuda'>>} options
 * @returns {Project}
 */
export function openProject({ root, environment: given, signal, dev = false, cuda = false }) {
  // Checks must not depend on how the server is set up on this machine, and have settings of their own.
  const isKept = (/** @type {string} */ name) => !dev || !/^PHONOGRAPH_(?!TEST_)/u.test(name);
  const environment = Object.fromEntries(Object.entries(given).filter(([name]) => isKept(name)));
  const config = readConfig(resolve(root, environment['PHONOGRAPH_CONFIG'] ?? 'config.json'));
  const modelDirectory = environment['PHONOGRAPH_MODEL_DIRECTORY'] ?? config.server?.modelDirectory ?? 'models';
  const computePower = environment['PHONOGRAPH_COMPUTE_POWER'] ?? config.transcription?.computePower;
  return {
    root,
    engine: join(root, 'runner/engine'),
    modelDirectory: resolve(root, modelDirectory),
    tools: join(root, '.tools'),
    dev,
    cuda,
    cpuOnly: computePower === 'CPU_ONLY',
    environment,
    signal,
  };
}

/**
 * Two settings matter here. A file that cannot be read is the server's to complain about, with all that is wrong in it.
 *
 * @param {string} file
 * @returns {{ readonly server?: { readonly modelDirectory?: string }, readonly transcription?: { readonly computePower?: string } }}
 */
function readConfig(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) ?? {};
  } catch {
    return {};
  }
}
