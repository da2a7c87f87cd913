import { statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './fresh-folder.mjs';
import { runTool } from './run-tool.mjs';

/**
 * Runs pip. The user's indexes, proxies and certificates count; settings that send packages elsewhere do not.
 *
 * @param {readonly string[]} args
 * @param {{ readonly python: string, readonly workshop: string, readonly project: import('./project.mjs').Project, readonly progress: import('./progress.mjs').Progress }} options
 */
export async function runPip(args, { python, workshop, project, progress }) {
  const { PIP_TARGET: _target, PIP_PREFIX: _prefix, PIP_ROOT: _root, ...rest } = project.environment;
  // TMPDIR: what is half done lies, and is removed, with the rest; and /tmp may be small.
  const environment = {
    ...rest,
    PIP_USER: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    TMPDIR: workshop,
  };
  let stage = 'asking the index';
  const timer = setInterval(
    () => progress.note(`${Math.round(bytesFetched(workshop) / 1e6)} MB fetched · ${stage}`),
    500,
  );
  try {
    return await runTool([python, '-I', '-m', 'pip', ...args, '--progress-bar', 'off'], {
      cwd: workshop,
      signal: project.signal,
      environment,
      onLine(line) {
        const [, file] = /^\s*(?:Downloading|Using cached) (\S+)/u.exec(line) ?? [];
        if (file !== undefined) stage = file.replace(/^.*\//u, '');
        if (line.startsWith('Installing collected packages')) stage = 'unpacking';
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * pip keeps what it has fetched in folders of this name until it is done. It removes them whenever it likes.
 *
 * @param {string} workshop
 */
export function bytesFetched(workshop) {
  let bytes = 0;
  for (const name of namesIn(workshop)) {
    if (!name.startsWith('pip-unpack-')) continue;
    for (const file of namesIn(join(workshop, name))) {
      bytes += statSync(join(workshop, name, file), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}
