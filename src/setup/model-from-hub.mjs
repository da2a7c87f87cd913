import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './failure.mjs';
import { nodeProgram } from './node.mjs';
import { runTool } from './run-tool.mjs';

const downloadProgram = fileURLToPath(new URL('./download.mjs', import.meta.url));

/**
 * @param {import('./compact-model.mjs').CompactModel['hub']} source
 * @param {import('./model.mjs').FetchOptions} options
 * @returns {Promise<string>} folder with the files
 */
export async function fetchFromHub({ repository, revision, files }, { workshop, project, progress }) {
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
