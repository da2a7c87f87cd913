import { constants } from 'node:os';

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
