/**
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly string[]} command
 * @property {readonly string[]} [fix] repairs what can be repaired without a person
 */

const python = '.venv/bin/python';

/**
 * What must hold beside the tests. Cheap ones first, so that a mistake shows early.
 *
 * @type {readonly Check[]}
 */
export const staticChecks = [
  { name: 'format', command: ['oxfmt', '--check'], fix: ['oxfmt'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware'], fix: ['oxlint', '--type-aware', '--fix'] },
  { name: 'dead code', command: ['knip'] },
  {
    name: 'engine format',
    command: [python, '-m', 'ruff', 'format', '--check', 'runner/engine'],
    fix: [python, '-m', 'ruff', 'format', 'runner/engine'],
  },
  {
    name: 'engine lint',
    command: [python, '-m', 'ruff', 'check', 'runner/engine'],
    fix: [python, '-m', 'ruff', 'check', '--fix', 'runner/engine'],
  },
  { name: 'engine types', command: [python, '-m', 'mypy', 'runner/engine'] },
];

/**
 * @param {{ readonly quick: boolean }} options
 * @returns {Check}
 */
export function engineTests({ quick }) {
  return {
    name: 'engine tests',
    command: [python, '-m', 'pytest', '-q', 'runner/engine', ...(quick ? ['-m', 'not speech'] : [])],
  };
}

/** Tests that need the real engine and the model carry this in their name; `npm run check` leaves them out. */
export const speechTest = '.speech.test.';

export const testFiles = '{src,schema,resolvers,runner,migrations,clients,bench}/**/*.test.{ts,mjs}';

/** Two cores is what the smallest machines have; speech tests use both. */
export const testConcurrency = 2;

/** For a whole file. A test that leaves something open ends here, as a failure. */
export const testFileMs = 240_000;
