/**
 * How to call npm: the one that has started us, else the one in PATH.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {readonly string[]}
 */
export function npmCommand(environment) {
  const own = environment['npm_execpath'] ?? '';
  // Under another package manager the variable names that one.
  return own.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm'];
}
