import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** Under npm a Ctrl-C arrives twice: from the terminal, and passed on by npm, which takes it a few milliseconds later. */
const echoMs = 250;

const orphanCheckMs = 500;

/**
 * Runs a program to its end and passes on every signal, so that to the user it is as if the program had been started directly.
 *
 * The program gets its own session: a Ctrl-C in the terminal reaches it once, through us, and not a second time from the terminal. Should we be killed,
 * the lifeline ends it.
 *
 * @param {string} program Node, or Python, which has no use for the lifeline
 * @param {readonly string[]} args
 * @param {{ readonly root: string, readonly environment: NodeJS.ProcessEnv }} place
 * @returns {Promise<number>} the program's exit code, or 128 + the number of the signal that ended it
 */
export async function launch(program, args, { root, environment }) {
  const lifeline = ['--import', new URL('./lifeline.mjs', import.meta.url).href];
  const child = spawn(program, [...(args[0]?.endsWith('.py') ? [] : lifeline), ...args], {
    cwd: root,
    env: environment,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const underNpm = environment['npm_execpath'] !== undefined;
  const isEcho = echoes(underNpm);
  const passOn = (/** @type {NodeJS.Signals} */ name) => {
    if (!isEcho(name)) child.kill(name);
  };
  for (const name of endingSignals) process.on(name, passOn);
  const watch = underNpm ? whenOrphaned(() => child.kill('SIGTERM')) : undefined;
  try {
    const [code, signal] = await once(child, 'exit');
    return signal === null ? code : exitCodeOf(signal);
  } finally {
    clearInterval(watch);
    for (const name of endingSignals) process.off(name, passOn);
  }
}

/**
 * A killed npm passes nothing on. Not for a set-up started by a shell: that may leave programs behind on purpose.
 *
 * @param {() => void} act
 */
function whenOrphaned(act) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    act();
  }, orphanCheckMs);
  return watch;
}

/**
 * @param {boolean} underNpm
 * @returns {(name: NodeJS.Signals) => boolean}
 */
function echoes(underNpm) {
  let last = -Infinity;
  return (name) => {
    if (!underNpm || name !== 'SIGINT') return false;
    const now = performance.now();
    const isEcho = now - last < echoMs;
    last = isEcho ? -Infinity : now;
    return isEcho;
  };
}

/** What a user, a terminal or a service manager sends to end a program. */
export const endingSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * The exit code by which shells tell that a program ended by a signal.
 *
 * @param {NodeJS.Signals} name
 */
export function exitCodeOf(name) {
  return 128 + constants.signals[name];
}

/**
 * Turns the first ending signal into an abort, so that the steps under way can stop their tools and remove what is half done.
 */
export function listenForInterrupt() {
  const controller = new AbortController();
  /** @type {number | null} */
  let exitCode = null;
  const onSignal = (/** @type {NodeJS.Signals} */ name) => {
    exitCode ??= exitCodeOf(name);
    controller.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of endingSignals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    stop() {
      for (const name of endingSignals) process.off(name, onSignal);
    },
  };
}
