import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hashOf, makeFolder, readStamp, requireSpace, writeStamp } from './files.mjs';
import { pythonOf, runPip } from './python.mjs';

/**
 * .tools/cuda: cuBLAS, which CTranslate2 loads on a machine with an NVIDIA graphics card and does not bring with it.
 *
 * The engine finds it by LD_LIBRARY_PATH=.tools/cuda/nvidia/cublas/lib:.tools/cuda/nvidia/cuda_nvrtc/lib. It stands apart from .venv, since it is large
 * and fits every Python.
 *
 * @param {import('./project.mjs').Project} project
 * @param {{ readonly machine?: string, readonly driverFile?: string }} [options]
 * @returns {import('./project.mjs').Step}
 */
export function cudaStep(
  project,
  { machine = `${process.platform}-${process.arch}`, driverFile = '/proc/driver/nvidia/version' } = {},
) {
  const place = join(project.tools, 'cuda');
  const lock = join(project.root, 'runner', 'engine', 'requirements-cuda.txt');
  // CTranslate2's wheels for other machines know no CUDA.
  const wanted = () =>
    machine === 'linux-x64' &&
    (project.cuda || (!project.cpuOnly && (existsSync(driverFile) || isInPath('nvidia-smi', project.environment))));
  return {
    title:
      'CUDA libraries for the graphics card from PyPI (670 MB to fetch, 1.1 GB on disk; none with computePower CPU_ONLY)',
    isReady: () => !wanted() || readStamp(place)['lock'] === hashOf(lock),
    async install(progress) {
      await requireSpace(project.temporary, 2500);
      const python = pythonOf(join(project.root, '.venv'));
      await makeFolder(place, project.temporary, async (workshop) => {
        const finished = join(workshop, 'cuda');
        const flags = ['--require-hashes', '--only-binary=:all:', '--no-compile', '--target', finished];
        await runPip(['install', ...flags, '-r', lock], { python, workshop, project, progress });
        writeStamp(finished, { lock: hashOf(lock) });
        return finished;
      });
    },
  };
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} environment
 */
function isInPath(program, environment) {
  return (environment['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
