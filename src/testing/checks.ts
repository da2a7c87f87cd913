/** What `npm test` and `npm run check` run: every check, even when an earlier one fails. Started by the set-up, under the newer Node. */
import { globSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { execa } from 'execa';
import pLimit from 'p-limit';
import { endingSignals, exitCodeOf } from '#src/setup/launch.mjs';

const usage = `Usage: npm test [-- FILE...]
   or: npm run check [-- [--fix] [FILE...]]

  npm test       every check and every test
  npm run check  types, lint, format, dead code and the quick tests
  FILE...        only the tests in these files, with the options of Node's test runner that are given; *.py are tests of the engine
  --fix          repairs first what a tool can
`;

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...(readonly string[])];
  /** Where it runs; in the project's folder where absent. */
  readonly folder?: string;
}

/** Python, run where the settings of the engine's tools are. */
function inEngine(name: string, ...args: readonly string[]): Check {
  return { name, command: ['../../.venv/bin/python', '-m', ...args], folder: 'runner/engine' };
}

/** The engine, and the example in Python, by the engine's rules. */
const pythonFolders = ['.', '../../bench', '../../examples/python'];
const ruff = (...what: readonly string[]) => ['ruff', ...what, '--config', 'pyproject.toml', ...pythonFolders];

/** What must hold beside the tests. */
const staticChecks: readonly Check[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types of the web page', command: ['tsc', '--noEmit', '--project', 'clients/web'] },
  { name: 'types of the examples', command: ['tsc', '--noEmit', '--project', 'examples'] },
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'dead code', command: ['knip'] },
  inEngine('engine format', ...ruff('format', '--check')),
  inEngine('engine lint', ...ruff('check')),
  inEngine('engine types', 'mypy', ...pythonFolders),
];

/** What a tool can do without a person. */
const repairs: readonly Check[] = [
  { name: 'repair lint', command: ['oxlint', '--type-aware', '--fix'] },
  { name: 'repair format', command: ['oxfmt'] },
  inEngine('repair engine lint', ...ruff('check', '--fix')),
  inEngine('repair engine format', ...ruff('format')),
];

/** Tests that are left out of the quick ones carry one of these in their names: those that need the real engine, and those that take seconds. */
const longTest = /\.(?:speech|long)\.test\./u;

/** The engine's tests that run the engine on speech, up to half a minute each. */
const engineSpeechTests = [
  'bad_input',
  'channels',
  'confine',
  'lifeline',
  'nets',
  'options',
  'parts',
  'recordings',
  'resume',
  'transcribe',
];

/** Two cores is what the smallest machines have; speech tests use both, others wait now and then. */
const testsAtATime = 3;

const testMs = 180_000;
/** For a whole file: one that leaves something open ends here, as a failure. Node's own limit is one for each test. */
const testFileMs = 240_000;
const fileLimit = `${new URL('test-file-limit.mjs', import.meta.url).href}?ms=${testFileMs}`;

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes('--quick');
  const chosen = args.filter((arg) => !['--all', '--quick', '--fix'].includes(arg));
  if (chosen.includes('--help') || chosen.includes('-h')) {
    process.stdout.write(usage);
    return 0;
  }
  const files = chosen.filter((arg) => !arg.startsWith('-'));
  const failed: string[] = [];
  const check = async (one: Check) => {
    if (!(await runCheck(one))) failed.push(one.name);
  };
  if (args.includes('--fix')) for (const repair of repairs) await runCheck(repair);
  if (chosen.length === 0) {
    const limit = pLimit(2);
    await Promise.all(staticChecks.map((one) => limit(check, one)));
  }
  const ofEngine = files.filter((file) => file.endsWith('.py'));
  const ofNode = files.length > 0 ? files.filter((file) => !ofEngine.includes(file)) : allTests(quick);
  const options = chosen.filter((arg) => arg.startsWith('-'));
  // Side by side: each waits now and then.
  const [closing] = await Promise.all([
    ofNode.length > 0 ? runTests(ofNode, options, failed) : '',
    chosen.length === 0 || ofEngine.length > 0 ? check(engineTests(ofEngine, quick)) : undefined,
  ]);
  process.stdout.write(failed.length === 0 ? 'Every check passed.\n' : `Failed: ${failed.join(', ')}.\n`);
  process.stdout.write(closing);
  return failed.length === 0 ? 0 : 1;
}

function engineTests(files: readonly string[], quick: boolean): Check {
  const ignored = quick ? engineSpeechTests.map((name) => `--ignore-glob=**/test_${name}*.py`) : [];
  const chosen = files.map((file) => file.replace(/^runner\/engine\//u, ''));
  return inEngine('engine tests', 'pytest', ...(chosen.length > 0 ? chosen : ignored));
}

/** Short ones first, so that a mistake shows early. */
function allTests(quick: boolean): readonly string[] {
  const all = globSync('{src,schema,resolvers,runner,migrations,clients,bench}/**/*.test.{ts,mjs}').toSorted();
  const [short, long] = [all.filter((file) => !longTest.test(file)), all.filter((file) => longTest.test(file))];
  return quick ? short : [...short, ...long];
}

/** Runs a check; says in one line that it passed, or shows what it found. */
async function runCheck({ name, command: [program, ...args], folder = '.' }: Check): Promise<boolean> {
  const { failed, all, durationMs } = await execa(program, args, {
    cwd: folder,
    all: true,
    reject: false,
    stdin: 'ignore',
    preferLocal: true,
    localDir: '.',
  });
  const told = `${name} (${(durationMs / 1000).toFixed(1)} s)`;
  process.stdout.write(failed ? `FAILED  ${told}: ${[program, ...args].join(' ')}\n${all}\n` : `ok      ${told}\n`);
  return !failed;
}

/** The lines with which Node's report counts up: tests, suites, pass, fail ... */
const closingLine = /^ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /u;

/** Runs test files and shows Node's report, apart from its closing lines: those are the answer, to be printed last. */
async function runTests(files: readonly string[], options: readonly string[], failed: string[]): Promise<string> {
  const execArgv = ['--import', fileLimit, ...options];
  const tests = run({ files: [...files], concurrency: testsAtATime, timeout: testMs, execArgv });
  tests.on('test:summary', ({ file, success }) => {
    if (file === undefined && !success) failed.push('tests');
  });
  let closing = '';
  for await (const line of createInterface({ input: tests.compose(spec) })) {
    if (closingLine.test(line)) closing += `${line}\n`;
    else process.stdout.write(`${line}\n`);
  }
  return closing;
}

// The set-up has given this program a group of its own: with it ends all that it has started.
for (const name of endingSignals) {
  process.once(name, () => {
    process.exitCode = exitCodeOf(name);
    process.kill(-process.pid, 'SIGTERM');
    process.exit();
  });
}
process.exitCode = await main(process.argv.slice(2));
