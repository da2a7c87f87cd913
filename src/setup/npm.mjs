import { runTool } from './run-tool.mjs';

/** npm's third and last try for one package. It would go on with the next one, and without a network take minutes to the end. */
const hopeless = /attempt 3 failed with/u;

/**
 * Runs npm: the one that has started us, else the one in PATH.
 *
 * @param {readonly string[]} args
 * @param {{ readonly folder: string, readonly project: import('./project.mjs').Project, readonly onLine?: (line: string) => void }} options
 */
export async function runNpm(args, { folder, project, onLine = () => {} }) {
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
