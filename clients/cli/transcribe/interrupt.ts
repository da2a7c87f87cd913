import { createInterface } from 'node:readline';
import { CommandError, exitCodes } from '../errors.ts';
import type { Screen } from '../screen.ts';

/** What an interruption is about. */
interface Interruptible {
  /** Ids of jobs that have not ended. */
  running(): readonly string[];
  /** Asks the server to cancel them. */
  cancel(jobs: readonly string[]): Promise<void>;
  /** What becomes of jobs that are left, as a sentence. */
  readonly fate: () => string;
}

/** Turns Ctrl-C and other signals into an end in order. */
export interface Interrupt extends Disposable {
  /** Aborts when nothing new is to be begun. */
  readonly begin: AbortSignal;
  /** Aborts when everything is to be left as it is. */
  readonly leave: AbortSignal;
  /** From now on a Ctrl-C at the terminal asks what is to become of these. */
  about(what: Interruptible): void;
}

/** Listens for signals. A second Ctrl-C, while the first one asks, leaves at once. */
export function openInterrupt(screen: Screen): Interrupt {
  const [begin, leave, gone] = [new AbortController(), new AbortController(), new AbortController()];
  const unanswered = AbortSignal.any([leave.signal, gone.signal]);
  let what: Interruptible | undefined;
  let isAsking = false;
  const end = () => {
    const fate = what === undefined || what.running().length === 0 ? '' : ` ${what.fate()}`;
    const reason = new CommandError(`Interrupted.${fate}`, exitCodes.interrupted);
    begin.abort(reason);
    leave.abort(reason);
  };
  const ask = async (about: Interruptible) => {
    isAsking = true;
    screen.pause();
    const jobs = about.running();
    const [which, them] = jobs.length === 1 ? ['job', 'it'] : [`${jobs.length} jobs`, 'them'];
    const answer = await askAtTerminal(
      `Cancel the ${which}? y: cancel, n: end and leave ${them}, Enter: go on `,
      unanswered,
    );
    if (gone.signal.aborted) return undefined;
    screen.resume();
    isAsking = false;
    if (answer === 'n' || answer === null) return end();
    if (answer !== 'y') return undefined;
    begin.abort(new CommandError('Cancelled.', exitCodes.interrupted));
    return await about.cancel(about.running());
  };
  const onSignal = (name: NodeJS.Signals) => {
    const isAtTerminal = process.stdin.isTTY && screen.isTerminal && name === 'SIGINT';
    if (isAsking || !isAtTerminal || what === undefined || what.running().length === 0) return end();
    ask(what).catch(end);
    return undefined;
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    begin: begin.signal,
    leave: leave.signal,
    about: (given) => (what = given),
    [Symbol.dispose]() {
      for (const name of names) process.off(name, onSignal);
      gone.abort();
    },
  };
}

/** The first letter of the answer in lower case; null where Ctrl-C was the answer, the terminal is gone, or the signal says that none is wanted any more. */
async function askAtTerminal(question: string, signal: AbortSignal): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, signal });
  try {
    return await new Promise((resolve) => {
      lines.once('SIGINT', () => resolve(null));
      lines.once('close', () => resolve(null));
      lines.question(question, (answer) => resolve(answer.trim().slice(0, 1).toLowerCase()));
    });
  } finally {
    lines.close();
  }
}
