import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * What every step of the set-up knows: where things are and what is wanted.
 *
 * @typedef {object} Project
 * @property {string} root the project's folder
 * @property {boolean} dev whether the tools of development are wanted too
 * @property {boolean} lean whether the tools of development must not come: for an image
 * @property {boolean} cuda whether the CUDA libraries are wanted on a machine without a graphics card: for an image
 * @property {string} modelDirectory
 * @property {boolean} cpuOnly whether the settings rule the graphics card out
 * @property {string} tools where the set-up puts what has no other place
 * @property {string} temporary on the same file system as what is made in it
 * @property {NodeJS.ProcessEnv} environment for the programs that are run
 * @property {AbortSignal} signal aborts when the user interrupts
 */

/**
 * One thing that must be in place.
 *
 * @typedef {object} Step
 * @property {string} title with its size, for the user to decide whether to wait
 * @property {() => boolean} isReady fast, without network or child processes
 * @property {(progress: import('./tool.mjs').Progress) => Promise<void>} install leaves it ready, or as it was
 */

/**
 * @param {{
 *   readonly root: string,
 *   readonly dev: boolean,
 *   readonly lean?: boolean,
 *   readonly cuda?: boolean,
 *   readonly environment: NodeJS.ProcessEnv,
 *   readonly signal: AbortSignal,
 * }} options
 * @returns {Project}
 */
export function openProject({ root, dev, lean = false, cuda = false, environment, signal }) {
  const settings = dev ? withoutSettings(environment) : environment;
  const config = readConfig(resolve(root, settings['PHONOGRAPH_CONFIG'] ?? 'config.json'));
  const modelDirectory = settings['PHONOGRAPH_MODEL_DIRECTORY'] ?? config.server?.modelDirectory ?? 'models';
  const computePower = settings['PHONOGRAPH_COMPUTE_POWER'] ?? config.transcription?.computePower;
  const tools = join(root, '.tools');
  return {
    root,
    dev,
    lean,
    cuda,
    modelDirectory: resolve(root, modelDirectory),
    cpuOnly: computePower === 'CPU_ONLY',
    tools,
    temporary: join(tools, 'tmp'),
    environment: settings,
    signal,
  };
}

/**
 * Checks must not depend on how the server is set up on this machine.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PHONOGRAPH_')));
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
