import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { folderStep, writeStamp } from './files.mjs';
import { nodeProgram } from './node.mjs';
import { runTool } from './tool.mjs';

/** What the page is made of: its own files, the client package, and the packages as locked. */
const sources = ['clients/web', 'clients/js', 'package-lock.json'];

/**
 * .tools/web, the page that the server shows to people. Where its sources are not, as in a part of the image's making, there is nothing to do.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {import('./project.mjs').Step}
 */
export function webStep(project) {
  const program = join(project.root, 'clients/web/build.ts');
  return folderStep(project, {
    title: 'The web page',
    place: join(project.tools, 'web'),
    megabytes: 10,
    isReady: (stamp) => !existsSync(program) || stamp['sources'] === hashOfSources(project.root),
    async make({ staging }) {
      const folder = join(staging, 'web');
      mkdirSync(folder);
      // Before it is built: what is changed meanwhile is built the next time.
      const made = hashOfSources(project.root);
      await runTool([nodeProgram(project), program, folder], { ...project, cwd: project.root });
      return writeStamp(folder, { sources: made });
    },
  });
}

/** @param {string} root @returns {string} sha256 over the names and texts of the sources, in hex: less than 1 MB, read in a few milliseconds */
function hashOfSources(root) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    const place = join(root, path);
    if (statSync(place).isDirectory()) {
      // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no toSorted
      for (const name of readdirSync(place).sort()) if (name !== 'dist') add(`${path}/${name}`);
    } else hash.update(`${path}\0`).update(readFileSync(place)).update('\0');
  };
  for (const source of sources) add(source);
  return hash.digest('hex');
}
