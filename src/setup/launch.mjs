import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';

/** What a user, a terminal or a service manager sends to end a program. */
export const endingSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** The exit code by which shells tell that a program ended by a signal. @param {NodeJS.Signals} name */
export function exitCodeOf(name) {
  return 128 + constants.signals[name];
}

/** Under npm a Ctrl-C arrives twice: from the terminal, and passed on by npm, which takes it a few milliseconds later. */
const [echoMs, orphanCheckMs] = [250, 500];

/**
 * Runs a program to its end and passes on every signal, so that to the user it is as if the program had been started directly.
 *
 * The program gets its own session: a Ctrl-C in the terminal reaches it once, through us, and not a second time from the terminal. Should we be killed,
 * the lifeline ends it. One that runs `here` shares the terminal, to ask something there and to be told its size, and so gets Ctrl-C from there.
 *
 * @param {string} program Node, or Python, which has no use for the lifeline
 * @param {readonly string[]} args
 * @param {{ readonly root: string, readonly environment: NodeJS.ProcessEnv, readonly here?: boolean }} place
 * @returns {Promise<number>} the program's exit code, or 128 + the number of the signal that ended it
 */
export async function launch(program, args, { root, environment, here = false }) {
  // Of young objects V8 would keep 130 MB, for no speed that can be measured here.
  const options = ['--max-semi-space-size=16', '--import', new URL('./lifeline.mjs', import.meta.url).href];
  const child = spawn(program, [...(args[0]?.endsWith('.py') ? [] : options), ...args], {
    cwd: here ? process.cwd() : root,
    // Node keeps what it has compiled: the next start takes half of the time.
    env: { NODE_COMPILE_CACHE: join(root, '.tools/compiled'), ...environment },
    detached: !here,
    stdio: [here ? 'inherit' : 'ignore', 'inherit', 'inherit', 'ipc'],
  });
  const isAtTerminal = here && process.stdin.isTTY;
  const isUnderNpm = environment['npm_execpath'] !== undefined;
  let last = -Infinity;
  const passOn = (/** @type {NodeJS.Signals} */ name) => {
    const isEcho = isUnderNpm && name === 'SIGINT' && performance.now() - last < echoMs;
    last = isEcho ? -Infinity : performance.now();
    const hasCome = isAtTerminal && name === 'SIGINT';
    if (!isEcho && !hasCome) child.kill(name);
  };
  for (const name of endingSignals) process.on(name, passOn);
  // A killed npm passes nothing on. A set-up started by a shell is not watched: that may leave programs behind on purpose.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (!isUnderNpm || process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, orphanCheckMs);
  const [code, signal] = await once(child, 'exit');
  clearInterval(watch);
  return signal === null ? code : exitCodeOf(signal);
}

/** Turns the first ending signal into an abort, with its name as reason: the steps under way stop their tools and remove what is half done. */
export function listenForInterrupt() {
  const controller = new AbortController();
  const onSignal = (/** @type {NodeJS.Signals} */ name) => controller.abort(name);
  for (const name of endingSignals) process.on(name, onSignal);
  const stop = () => endingSignals.forEach((name) => process.off(name, onSignal));
  return { signal: controller.signal, stop };
}
