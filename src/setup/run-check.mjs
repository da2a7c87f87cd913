import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname, resolve } from 'node:path';
import { endingSignals, exitCodeOf } from './interrupt.mjs';

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
  const { NODE_TEST_CONTEXT: _outer, ...rest } = process.env;
  const path = [dirname(process.execPath), resolve('node_modules/.bin'), rest['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...rest, PATH: path },
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
 * @param {import('./check-list.mjs').Check} check
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
