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
