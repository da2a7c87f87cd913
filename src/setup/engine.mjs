import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { requireSpace } from './disk.mjs';
import { makeFolder } from './fresh-folder.mjs';
import { runPip } from './pip.mjs';
import { findPython } from './python.mjs';
import { runTool } from './run-tool.mjs';
import { hashOf, readStamp, writeStamp } from './stamp.mjs';
import { settleEnvironment } from './venv-paths.mjs';

/**
 * .venv, the Python environment of the engine, from the hash-locked requirements. Those of development contain the others.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {import('./prepare.mjs').Step}
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
