import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explain, SetupError } from './failure.mjs';
import { takeLock } from './files.mjs';
import { exitCodeOf, launch, listenForInterrupt } from './launch.mjs';
import { modelStep } from './model.mjs';
import { nodeModulesStep, nodeProgram, nodeStep } from './node.mjs';
import { openProject } from './project.mjs';
import { engineStep, pythonOf, uvStep } from './python.mjs';
import { startProgress } from './tool.mjs';
import { webStep } from './web.mjs';

const usage = `Usage: node src/setup/setup.mjs [--dev] [--cuda] [--here] [FILE [ARGUMENT...]]

Sets up what is missing (Node packages, Node, the engine's Python environment, the COMPACT model, the web page), then runs a program of the project with the
Node or the Python of the set-up. With everything in place this takes no time and needs no network. package.json names the programs: npm run lists them.

  --dev    with the tools of development; the settings of the server on this machine do not count
  --cuda   with the CUDA libraries, even without a graphics card
  --here   in the folder and at the terminal of whoever calls, for a program that asks
`;

const flags = ['--dev', '--cuda', '--here'];

/** Sets up, then runs a program to its end. @param {readonly string[]} args @returns {Promise<number>} the exit code */
export async function main(args) {
  const end = [...args, ''].findIndex((arg) => !flags.includes(arg));
  const [asked, [file, ...rest]] = [args.slice(0, end), args.slice(end)];
  if (file?.startsWith('-')) {
    const isHelp = file === '--help' || file === '-h';
    process[isHelp ? 'stdout' : 'stderr'].write(isHelp ? usage : `There is no option ${file}.\n\n${usage}`);
    return isHelp ? 0 : 1;
  }
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/u, '');
  if (file?.startsWith('bench/') && file.endsWith('.ts') && rest.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(benchHelp(readFileSync(join(root, file), 'utf8')));
    return 0;
  }
  const { signal, stop } = listenForInterrupt();
  const [dev = false, cuda = false, here = false] = flags.map((flag) => asked.includes(flag));
  const project = openProject({ root, dev, cuda, environment: process.env, signal });
  try {
    await prepare(project);
  } catch (error) {
    const interrupted = 'Set-up interrupted. Run the same command again: what is done stays done.\n';
    process.stderr.write(signal.aborted ? interrupted : explain(error));
    return signal.aborted ? exitCodeOf(signal.reason) : 1;
  } finally {
    stop();
  }
  if (file === undefined) return 0;
  const program = file.endsWith('.py') ? pythonOf(join(root, '.venv')) : nodeProgram(project);
  return await launch(program, [join(root, file), ...rest], { ...project, here });
}

/** What a measurement does and how it is called: the comment that its file begins with, which needs nothing to be set up. @param {string} source */
export function benchHelp(source) {
  const lines = source.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines
    .slice(0, end)
    .map((line) => `${line.slice(3)}\n`)
    .join('');
}

/** Brings everything into place that is not there yet. @param {import('./project.mjs').Project} project */
async function prepare(project) {
  const fromPypi = [nodeStep(project), engineStep(project), modelStep(project)];
  // In this order: later ones use earlier ones.
  const steps = [nodeModulesStep(project), uvStep(project, fromPypi), ...fromPypi, webStep(project)];
  if (steps.every((step) => step.isReady())) return;
  const giveBack = await takeLock(project.tools, {
    signal: project.signal,
    onWait: (pid) => process.stderr.write(`Another set-up (process ${pid}) is at work here. Waiting for it to end.\n`),
  });
  try {
    // Asked again under the lock: another set-up may have done it in the meantime.
    for (const step of steps) if (!step.isReady()) await install(step);
  } finally {
    giveBack();
  }
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
