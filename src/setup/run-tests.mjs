import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { testConcurrency, testFileMs, testMs } from './check-list.mjs';
import { startTool } from './run-check.mjs';

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
