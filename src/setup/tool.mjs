import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ToolFailure } from './failure.mjs';

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

const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

const frameMs = 100;
/** In a log file a line now and then is enough. */
const reminderMs = 15_000;

/**
 * Shows that a step is under way: a title, below it one living line on a terminal, plain lines now and then elsewhere.
 *
 * @typedef {{ note(text: string): void, warn(text: string): void, end(text: string): void }} Progress
 *
 * @param {string} title
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Progress}
 */
export function startProgress(title, stream = process.stderr) {
  const began = performance.now();
  const live = stream.isTTY;
  const clear = live ? '\r\u001B[K' : '';
  let note = '';
  let tick = 0;
  const state = () => `${Math.round((performance.now() - began) / 1000)} s${note === '' ? '' : ` · ${note}`}`;
  const draw = () => {
    const line = `${frames[tick++ % frames.length]} ${state()}`;
    stream.write(`${clear}${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const remind = () => stream.write(`  still at it after ${state()}\n`);
  stream.write(`${title}\n`);
  const timer = setInterval(live ? draw : remind, live ? frameMs : reminderMs);
  return {
    note(text) {
      note = text;
    },
    warn(text) {
      stream.write(`${clear}  ${text}\n`);
    },
    end(text) {
      clearInterval(timer);
      note = '';
      stream.write(`${clear}  ${text} (${state()})\n`);
    },
  };
}
