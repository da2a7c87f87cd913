import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { ToolFailure } from './failure.mjs';

/** Enough to hold the cause; the end of the output of npm, pip and uv names it. */
const keptLines = 200;

/**
 * Runs npm, uv or the like to its end, in a process group of its own, which an abort ends as a whole.
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
  const end = () => endGroup(child.pid);
  signal.addEventListener('abort', end);
  /** @type {string[]} */
  const output = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      output.push(line);
      if (output.length > keptLines) output.shift();
      onLine?.(line);
      if (hopeless?.test(line)) end();
    });
  }
  const exit = await once(child, 'close').then(
    ([code, by]) => (code === 0 ? '' : by === null ? `exit code ${code}` : `ended by ${by}`),
    (error) => String(error.message),
  );
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (exit !== '') throw new ToolFailure([basename(program), ...args].join(' '), { output: [...output, exit], exit });
  return output.join('\n');
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already: that is what was wanted.
  }
}

/**
 * Shows that a step is under way: a title, below it one living line on a terminal, plain lines now and then elsewhere.
 *
 * @typedef {{ note(text: string): void, warn(text: string): unknown, end(text: string): void }} Progress
 *
 * @param {string} title
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Progress}
 */
export function startProgress(title, stream = process.stderr) {
  const began = performance.now();
  const isLiving = stream.isTTY && process.env['TERM'] !== 'dumb';
  const clear = isLiving ? '\r\u001B[K' : '';
  let note = '';
  const state = () => `${Math.round((performance.now() - began) / 1000)} s${note === '' ? '' : ` · ${note}`}`;
  const draw = () => stream.write(`${clear}  ${state()}`.slice(0, clear.length + (stream.columns || 80) - 1));
  const remind = () => stream.write(`  still at it after ${state()}\n`);
  stream.write(`${title}\n`);
  const timer = setInterval(isLiving ? draw : remind, isLiving ? 100 : 15_000);
  return {
    note(text) {
      note = text;
    },
    warn: (text) => stream.write(`${clear}  ${text}\n`),
    end(text) {
      clearInterval(timer);
      note = '';
      stream.write(`${clear}  ${text} (${state()})\n`);
    },
  };
}
