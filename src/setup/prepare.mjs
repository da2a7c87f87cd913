import { join } from 'node:path';
import { cudaStep } from './cuda.mjs';
import { engineStep } from './engine.mjs';
import { SetupError } from './failure.mjs';
import { removeLeftovers } from './fresh-folder.mjs';
import { takeLock } from './lock.mjs';
import { modelStep } from './model.mjs';
import { nodeModulesStep } from './node-modules.mjs';
import { nodeStep } from './node.mjs';
import { startProgress } from './progress.mjs';

/**
 * One thing that must be in place.
 *
 * @typedef {object} Step
 * @property {string} title with its size, for the user to decide whether to wait
 * @property {() => boolean} isReady fast, without network or child processes
 * @property {(progress: import('./progress.mjs').Progress) => Promise<void>} install leaves it ready, or as it was
 */

/**
 * Brings everything into place that is not there yet.
 *
 * @param {import('./project.mjs').Project} project
 * @param {readonly Step[]} [steps] in this order: later ones use earlier ones
 */
export async function prepare(project, steps = allSteps(project)) {
  if (steps.every((step) => step.isReady())) return;
  const giveBack = await takeLock(join(project.tools, 'set-up.lock'), { signal: project.signal, onWait: tellWait });
  try {
    removeLeftovers(project.temporary);
    for (const step of steps) {
      // Asked again under the lock: another set-up may have done it in the meantime.
      if (!step.isReady()) await install(step);
    }
  } finally {
    giveBack();
  }
}

/** @param {import('./project.mjs').Project} project */
function allSteps(project) {
  return [nodeStep(project), nodeModulesStep(project), engineStep(project), cudaStep(project), modelStep(project)];
}

/** @param {Step} step */
async function install(step) {
  const progress = startProgress(step.title);
  try {
    await step.install(progress);
    progress.end('done');
  } catch (error) {
    progress.end('not done');
    if (error instanceof SetupError) error.step = step.title;
    throw error;
  }
}

/** @param {number} pid */
function tellWait(pid) {
  process.stderr.write(`Another set-up (process ${pid}) is at work here. Waiting for it to end.\n`);
}
