import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireSpace } from './disk.mjs';
import { SetupError } from './failure.mjs';
import { makeFolder } from './fresh-folder.mjs';
import { runNpm } from './npm.mjs';
import { hashOf, readStamp, writeStamp } from './stamp.mjs';

/**
 * node_modules as package-lock.json says. No package runs a script of its own: the database driver brings its binaries with it.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {import('./prepare.mjs').Step}
 */
export function nodeModulesStep(project) {
  const place = join(project.root, 'node_modules');
  const lock = join(project.root, 'package-lock.json');
  return {
    title: 'Node packages from the npm registry (80 MB to fetch, 240 MB on disk)',
    isReady() {
      const stamp = readStamp(place);
      return stamp['lock'] === hashOf(lock) && (project.lean || stamp['lean'] !== true);
    },
    async install(progress) {
      await requireSpace(project.temporary, 500);
      await makeFolder(place, project.temporary, async (workshop) => {
        for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
          const file = join(project.root, name);
          if (existsSync(file)) copyFileSync(file, join(workshop, name));
        }
        await installPackages(workshop, project, progress);
        const finished = join(workshop, 'node_modules');
        requireLocked(lock, join(finished, '.package-lock.json'));
        writeStamp(finished, { lock: hashOf(lock), lean: project.lean });
        return finished;
      });
    },
  };
}

/**
 * @param {string} folder with package.json and package-lock.json
 * @param {import('./project.mjs').Project} project
 * @param {import('./progress.mjs').Progress} progress
 */
async function installPackages(folder, project, progress) {
  const total = Object.keys(readPackages(join(folder, 'package-lock.json'))).length - 1;
  let fetched = 0;
  // Not `npm ci`: from npm 11.6.2 on it refuses a lock file that does not name every package for other systems, and some registries lack those.
  // --include: npm leaves the tools of development out where NODE_ENV is production.
  const tools = project.lean ? '--omit=dev' : '--include=dev';
  await runNpm(['install', '--package-lock', tools, '--no-audit', '--no-fund'], {
    folder,
    project,
    onLine(line) {
      if (/^npm http .*\.tgz/u.test(line)) progress.note(`${(fetched += 1)} of up to ${total} packages`);
    },
  });
}

/**
 * Proves that what npm has installed is what the lock file names, by version and hash.
 *
 * @param {string} lock
 * @param {string} installed npm's own list of what it has put into node_modules
 */
function requireLocked(lock, installed) {
  const wanted = readPackages(lock);
  for (const [place, { version, integrity, optional }] of Object.entries(readPackages(installed))) {
    const entry = wanted[place];
    // A tool's binaries for another system than those of the lock file; the tool names their exact version.
    if (entry === undefined && optional === true) continue;
    if (entry?.version === version && entry?.integrity === integrity) continue;
    throw new SetupError(
      `package.json and package-lock.json do not fit together: ${place} is ${version}, locked is ${entry?.version ?? 'none'}.`,
      {
        advice: [
          'Take both files as they are in the repository; after a change of yours, run `npm install` and try again.',
        ],
      },
    );
  }
}

/**
 * @param {string} file
 * @returns {Readonly<Record<string, { readonly version?: string, readonly integrity?: string, readonly optional?: boolean }>>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
