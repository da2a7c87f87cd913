import type { FailureCode } from '#src/jobs/job.ts';
import type { EndedProcess, Ending } from '#src/store/work.ts';
import { failure } from './failure-hints.ts';
import type { Exit } from './process/child.ts';
import type { LineOf } from './protocol.ts';

/** Why the server ended an engine itself. */
export type Halt =
  | 'cancel'
  | 'stop'
  /** The lease is another's. */
  | 'lost'
  | 'stalled'
  | 'timeout'
  | 'protocol'
  /** The server could not go on, such as with a store that refuses what the engine said. */
  | 'fault';

/** All that is known when an attempt is over. */
export interface EndedAttempt {
  readonly exit: Exit;
  /** The last word of the engine. */
  readonly last: LineOf<'end'> | LineOf<'error'> | null;
  readonly halt: Halt | null;
  /** What broke the protocol or the server, for a person. */
  readonly problem: string | null;
  /** Of this job, before this attempt. */
  readonly crashes: number;
  readonly peakMemoryBytes: number | null;
  readonly provenance: Readonly<Record<string, unknown>> | null;
}

/** A job that ends its engine this often is at fault itself, and must not keep others from running. */
const maxCrashes = 3;

/** How an attempt ends for its job; null where nothing may be written. */
export function endingOf(ended: EndedAttempt): Ending | null {
  const verdict = outcomeOf(ended);
  if (verdict === null) return null;
  const process: EndedProcess = {
    exitCode: ended.exit.exitCode,
    signal: ended.exit.signal,
    peakMemoryBytes: ended.peakMemoryBytes,
    provenance: ended.provenance,
  };
  return { ...process, ...verdict };
}

type WithoutProcess<T> = T extends unknown ? Omit<T, keyof EndedProcess> : never;
type Outcome = WithoutProcess<Ending>;

function outcomeOf(ended: EndedAttempt): Outcome | null {
  if (ended.halt === 'lost') return null;
  if (ended.halt === 'cancel') return { kind: 'CANCELLED' };
  // The last word counts even if the engine then fell over on its way out: its transcript is whole and stored.
  if (ended.last?.type === 'end') {
    const { durationSeconds, voices } = ended.last;
    return { kind: 'COMPLETED', processedSeconds: durationSeconds, voices };
  }
  if (ended.last?.type === 'error') return outcomeOfError(ended.last, ended.crashes);
  return ended.halt === null ? outcomeOfExit(ended) : outcomeOfHalt(ended.halt, ended);
}

function outcomeOfError(line: LineOf<'error'>, crashes: number): Outcome {
  if (line.retryable && crashes + 1 < maxCrashes) return { kind: 'INTERRUPTED', crash: line.code };
  return { kind: 'FAILED', failure: failure(line.code, line.message, line) };
}

function outcomeOfHalt(halt: Exclude<Halt, 'lost' | 'cancel'>, ended: EndedAttempt): Outcome {
  switch (halt) {
    case 'stop':
      return { kind: 'INTERRUPTED', crash: null };
    case 'stalled':
      return crash('ENGINE_STALLED', 'The engine said nothing for too long and was ended.', ended);
    case 'fault':
      return crash(
        'INTERNAL',
        ['The server could not go on with the job.', ended.problem ?? ''].join(' ').trimEnd(),
        ended,
      );
    case 'timeout':
      return failed('JOB_TIMEOUT', 'The job took far longer than its recording warrants and was ended.');
    case 'protocol':
      return failed(
        'ENGINE_PROTOCOL',
        `The engine and the server do not understand each other: ${ended.problem ?? 'unknown'}.`,
      );
    default:
      return halt satisfies never;
  }
}

function outcomeOfExit(ended: EndedAttempt): Outcome {
  const { exitCode, signal, problem } = ended.exit;
  if (problem === 'ENOENT' || problem === 'EACCES') {
    return failed('ENGINE_NOT_INSTALLED', 'The program of the engine is not there or cannot be run.');
  }
  if (problem !== null) return crash('INTERNAL', `The engine could not be started (${problem}).`, ended);
  if (exitCode === 0) return failed('ENGINE_PROTOCOL', 'The engine ended without saying that it was done.');
  // Nobody here sent it: the kernel does so when memory runs out.
  if (signal === 'SIGKILL')
    return crash('ENGINE_CRASHED', 'The engine was killed, most likely for want of memory.', ended);
  return crash('ENGINE_CRASHED', `The engine ended without a word (${signal ?? `exit code ${exitCode}`}).`, ended);
}

function crash(code: FailureCode, message: string, ended: EndedAttempt): Outcome {
  const count = ended.crashes + 1;
  if (count < maxCrashes) return { kind: 'INTERRUPTED', crash: code };
  return failed(code, `${message} This was attempt ${count} of ${maxCrashes}.`);
}

function failed(code: FailureCode, message: string): Outcome {
  return { kind: 'FAILED', failure: failure(code, message) };
}
