import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cudaStep } from './cuda.mjs';
import { explain, SetupError } from './failure.mjs';
import { removeLeftovers, takeLock } from './files.mjs';
import { launch, listenForInterrupt } from './launch.mjs';
import { modelStep } from './model.mjs';
import { nodeModulesStep, nodeProgram, nodeStep } from './node.mjs';
import { openProject } from './project.mjs';
import { engineStep, pythonOf } from './python.mjs';
import { startProgress } from './tool.mjs';

const usage = `Usage: npm run demo | npm start | npm test | npm run check | npm run setup
   or: node src/setup/setup.mjs <command> [arguments]

  demo [-- --stay]         transcribe the sample recording and show it live; --stay keeps the server up until Ctrl-C
  start                    start the server (settings: config.json and PHONOGRAPH_... variables)
  test [-- FILE...]        run every check and every test, or only the tests in the files given
  check [-- --fix]         types, lint, format, dead code and the quick tests; --fix repairs what a tool can
  run FILE [ARGUMENT...]   run a program of the project with the Node or Python of the set-up (npm run schema, bench:...)
  setup [--lean] [--cuda]  only set up: node packages, Node, the engine's Python environment, the COMPACT model; for an image:
                           --lean without the tools of development, --cuda with the CUDA libraries

Each command first sets up what is missing. With everything in place this takes no time and needs no network.
`;

/** What each command runs once the set-up is complete. `dev`: it needs the tools of development too. */
const commands = /** @type {Record<string, { readonly dev: boolean, readonly program: readonly string[] | null }>} */ ({
  demo: { dev: false, program: ['clients/demo.ts'] },
  start: { dev: false, program: ['src/main.ts'] },
  test: { dev: true, program: ['src/setup/checks.mjs', '--all'] },
  check: { dev: true, program: ['src/setup/checks.mjs', '--quick'] },
  run: { dev: true, program: [] },
  setup: { dev: false, program: null },
});

/** Their programs tell their own usage. */
const takesHelp = ['start', 'run'];

/**
 * Sets up, then runs the command to its end.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main([name = 'setup', ...args]) {
  const command = commands[name];
  const helpWanted =
    name === '--help' ||
    name === '-h' ||
    (!takesHelp.includes(name) && (args.includes('--help') || args.includes('-h')));
  if (helpWanted) {
    process.stdout.write(usage);
    return 0;
  }
  if (command === undefined) {
    process.stderr.write(`There is no command "${name}".\n\n${usage}`);
    return 1;
  }
  return await setUpAndRun(command, args);
}

/**
 * @param {{ readonly dev: boolean, readonly program: readonly string[] | null }} command
 * @param {readonly string[]} args
 */
async function setUpAndRun({ dev, program: fixed }, args) {
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/u, '');
  const interrupt = listenForInterrupt();
  try {
    const asks = (/** @type {string} */ option) => fixed === null && args.includes(option);
    const [lean, cuda] = [asks('--lean'), asks('--cuda')];
    const project = openProject({ root, dev, lean, cuda, environment: process.env, signal: interrupt.signal });
    await prepare(project);
    if (fixed === null) return 0;
    const [file = '', ...others] = [...fixed, ...args];
    interrupt.stop();
    const program = file.endsWith('.py') ? pythonOf(join(root, '.venv')) : nodeProgram(project);
    return await launch(program, [join(root, file), ...others], project);
  } catch (error) {
    process.stderr.write(
      interrupt.exitCode === null
        ? explain(error)
        : 'Set-up interrupted. Run the same command again: what is done stays done.\n',
    );
    return interrupt.exitCode ?? 1;
  } finally {
    interrupt.stop();
  }
}

/**
 * Brings everything into place that is not there yet.
 *
 * @param {import('./project.mjs').Project} project
 * @param {readonly import('./project.mjs').Step[]} [steps] in this order: later ones use earlier ones
 */
async function prepare(project, steps = allSteps(project)) {
  if (steps.every((step) => step.isReady())) return;
  const giveBack = await takeLock(join(project.tools, 'set-up.lock'), { signal: project.signal, onWait: tellWait });
  try {
    removeLeftovers(project.temporary);
    for (const step of steps) {
      // Asked again under the lock: another set-up may have done it in the meantime.
      if (!step.isReady()) await install(step);
    }
  } finally {
    giveBack();
  }
}

/** @param {import('./project.mjs').Project} project */
function allSteps(project) {
  return [nodeStep(project), nodeModulesStep(project), engineStep(project), cudaStep(project), modelStep(project)];
}

/** @param {import('./project.mjs').Step} step */
async function install(step) {
  const progress = startProgress(step.title);
  try {
    await step.install(progress);
    progress.end('done');
  } catch (error) {
    progress.end('not done');
    if (error instanceof SetupError) error.step = step.title;
    throw error;
  }
}

/** @param {number} pid */
function tellWait(pid) {
  process.stderr.write(`Another set-up (process ${pid}) is at work here. Waiting for it to end.\n`);
}
