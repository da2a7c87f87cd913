import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ToolFailure } from './tool-failure.mjs';

/** Enough to hold the cause; the end of npm's and pip's output names it. */
const keptLines = 200;

/**
 * Runs npm, pip, tar or the like to its end, in a process group of its own, which an abort ends as a whole.
 *
 * @param {readonly string[]} command
 * @param {{
 *   readonly cwd: string,
 *   readonly signal: AbortSignal,
 *   readonly environment: NodeJS.ProcessEnv,
 *   readonly onLine?: (line: string) => void,
 *   readonly hopeless?: RegExp,
 * }} options hopeless: a line after which the tool would only lose time; it is ended
 * @returns {Promise<string>} what it wrote to stdout and stderr; the newest lines, should there be many
 */
export async function runTool([program = '', ...args], { cwd, signal, environment, onLine, hopeless }) {
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const both = new PassThrough();
  child.stdout.pipe(both, { end: false });
  child.stderr.pipe(both, { end: false });
  /** @type {string[]} */
  const output = [];
  let givenUp = false;
  const lines = createInterface({ input: both }).on('line', (line) => {
    output.push(line);
    if (output.length > keptLines) output.shift();
    onLine?.(line);
    if (hopeless?.test(line)) {
      givenUp = true;
      endGroup(child.pid);
    }
  });
  const stop = () => endGroup(child.pid);
  signal.addEventListener('abort', stop);
  const exit = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) => resolve(code === 0 ? '' : by === null ? `exit code ${code}` : `ended by ${by}`));
  });
  signal.removeEventListener('abort', stop);
  both.end();
  await finished(both);
  lines.close();
  signal.throwIfAborted();
  if (exit !== '')
    throw new ToolFailure([basename(program), ...args].join(' '), {
      output: [...output, givenUp ? 'given up' : exit],
      exit,
    });
  return output.join('\n');
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already: that is what was wanted.
  }
}
