/**
 * `node src/setup/checks.mjs --all | --quick [--fix] [FILE...]`: runs every check even when an earlier one fails; exit code 1 when any did.
 * With files or options of Node's test runner, only those tests. Started by the set-up, under the newer Node.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { endingSignals, exitCodeOf } from './launch.mjs';

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly string[]} command
 * @property {string} [folder] to run it in; the project's where absent
 */

const engineFolder = 'runner/engine';

/**
 * @param {readonly string[]} args of Python, run where the settings of the engine's tools are
 */
function inEngine(...args) {
  return { command: ['../../.venv/bin/python', '-m', ...args], folder: engineFolder };
}

/**
 * What must hold beside the tests. Cheap ones first, so that a mistake shows early.
 *
 * @type {readonly Check[]}
 */
export const staticChecks = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'engine format', ...inEngine('ruff', 'format', '--check', '.') },
  { name: 'engine lint', ...inEngine('ruff', 'check', '.') },
  { name: 'engine types', ...inEngine('mypy', '.') },
];

/**
 * What a tool can do without a person.
 *
 * @type {readonly Check[]}
 */
export const repairs = [
  { name: 'repair lint', command: ['oxlint', '--type-aware', '--fix'] },
  { name: 'repair format', command: ['oxfmt'] },
  { name: 'repair engine lint', ...inEngine('ruff', 'check', '--fix', '.') },
  { name: 'repair engine format', ...inEngine('ruff', 'format', '.') },
];

/**
 * @param {{ readonly quick: boolean }} options
 * @returns {Check}
 */
export function engineTests({ quick }) {
  const ignored = quick ? engineSpeechTests.map((name) => `--ignore-glob=**/test_${name}*.py`) : [];
  return { name: 'engine tests', ...inEngine('pytest', ...ignored) };
}

/** The engine's tests that decode speech: half a minute each. */
const engineSpeechTests = ['lifeline', 'options', 'resume', 'transcribe'];

/** Tests that need the real engine and the model carry this in their names; `npm run check` leaves them out. */
export const speechTest = '.speech.test.';

export const testFiles = '{src,schema,resolvers,runner,migrations,clients,bench}/**/*.test.{ts,mjs}';

/** Two cores is what the smallest machines have; speech tests use both. */
export const testConcurrency = 2;

export const testMs = 180_000;

/** For a whole file. A test that leaves something open ends here, as a failure. */
export const testFileMs = 240_000;

const [scope, ...rest] = process.argv.slice(2);
const quick = scope === '--quick';
const fix = rest.includes('--fix');
const chosen = rest.filter((arg) => arg !== '--fix');

async function runChosen() {
  const onlyOptions = chosen.every((arg) => arg.startsWith('-'));
  const { code, closing } = await runTests([...chosen, ...(onlyOptions ? allTests() : [])]);
  process.stdout.write(closing);
  return code;
}

async function runAll() {
  if (fix) for (const repair of repairs) await runCheck(repair);
  const failed = await runTwoAtATime(staticChecks);
  const engine = engineTests({ quick });
  if (!(await runCheck(engine))) failed.push(engine.name);
  const { code, closing } = await runTests(allTests());
  if (code !== 0) failed.push('tests');
  process.stdout.write(failed.length === 0 ? 'Every check passed.\n' : `Failed: ${failed.join(', ')}.\n`);
  process.stdout.write(closing);
  return failed.length === 0 ? 0 : 1;
}

function allTests() {
  return globSync(testFiles, { exclude: (name) => name === '.venv' })
    .filter((file) => !quick || !file.includes(speechTest))
    .toSorted();
}

/** @param {readonly Check[]} checks */
async function runTwoAtATime(checks) {
  const waiting = [...checks];
  /** @type {string[]} */
  const failed = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await runCheck(check))) failed.push(check.name);
    }
  };
  await Promise.all([work(), work()]);
  return failed;
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** On an ending signal: ends what runs, with all that it has started, and then this program. */
export function endOnSignal() {
  for (const name of endingSignals) {
    process.once(name, () => {
      for (const { pid } of running) if (pid !== undefined) process.kill(-pid, name);
      process.exit(exitCodeOf(name));
    });
  }
}

/**
 * Starts a tool in a process group of its own, with this Node and the project's tools first in PATH.
 *
 * @param {readonly string[]} command
 * @param {string} [folder]
 */
export function startTool([program = '', ...args], folder = '.') {
  const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
  const path = [dirname(process.execPath), resolve('node_modules/.bin'), environment['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...environment, PATH: path },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/**
 * Runs a check; says in one line that it passed, or shows what it found.
 *
 * @param {Check} check
 * @returns {Promise<boolean>} whether it passed
 */
export async function runCheck({ name, command, folder }) {
  const began = performance.now();
  const child = startTool(command, folder);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    code === 0
      ? `ok      ${name} (${seconds} s)\n`
      : `FAILED  ${name} (${seconds} s): ${command.join(' ')}\n${output}\n`,
  );
  return code === 0;
}

/** The lines with which Node's test runner counts up: tests, suites, pass, fail ... */
const closingLine = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /u;

/**
 * Runs test files and shows Node's report, apart from its closing lines: those go back to the caller, to be printed last.
 *
 * @param {readonly string[]} args files and options
 * @returns {Promise<{ readonly code: number, readonly closing: string }>}
 */
export async function runTests(args) {
  const child = startTool([
    process.execPath,
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${testConcurrency}`,
    `--test-timeout=${testMs}`,
    '--import',
    `${new URL('./test-file-limit.mjs', import.meta.url).href}?ms=${testFileMs}`,
    ...args,
  ]);
  child.stderr.pipe(process.stderr);
  let closing = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (closingLine.test(line)) closing += `${line}\n`;
    else process.stdout.write(`${line}\n`);
  });
  const [code] = await once(child, 'close');
  return { code: code ?? 1, closing };
}

endOnSignal();
process.exitCode = chosen.length > 0 ? await runChosen() : await runAll();
