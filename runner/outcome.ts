import type { FailureCode, JobFailure } from '#src/jobs/job.ts';
import type { EndedProcess, Ending } from '#src/store/work.ts';
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
  if (ended.last?.type === 'end') return { kind: 'COMPLETED', processedSeconds: ended.last.durationSeconds };
  if (ended.last?.type === 'error') return outcomeOfError(ended.last, ended.crashes);
  return ended.halt === null ? outcomeOfExit(ended) : outcomeOfHalt(ended.halt, ended);
}

function outcomeOfError(line: LineOf<'error'>, crashes: number): Outcome {
  if (line.retryable && crashes + 1 < maxCrashes) return { kind: 'INTERRUPTED', crash: line.code };
  return { kind: 'FAILED', failure: failure(line.code, line.message, line.retryable) };
}

function outcomeOfHalt(halt: Exclude<Halt, 'lost' | 'cancel'>, ended: EndedAttempt): Outcome {
  switch (halt) {
    case 'stop':
      return { kind: 'INTERRUPTED', crash: null };
    case 'stalled':
      return crash('ENGINE_STALLED', 'The engine said nothing for too long and was ended.', ended);
    case 'fault':
      return crash('INTERNAL', 'The server could not go on with the job.', ended);
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

/** Per reason: whether trying the same again can help, and what a person does about it. */
const failureHints: Readonly<Record<FailureCode, readonly [retryable: boolean, hint: string]>> = {
  MEDIA_NOT_FOUND: [
    false,
    'The recording was moved, deleted or changed after the job was accepted. Submit it again from where it is now.',
  ],
  MEDIA_EMPTY: [false, 'The file holds no data. Check that it was copied to its end.'],
  MEDIA_NO_AUDIO: [false, 'The file has no audio track. Choose another file, or export its sound.'],
  MEDIA_UNSUPPORTED: [false, 'Convert the recording to FLAC, WAV, MP3, M4A, Ogg or WMA and submit it again.'],
  MEDIA_CORRUPT: [
    false,
    'The recording cannot be decoded. Copy it again from its source, or repair it with a media tool.',
  ],
  MEDIA_CHANGED: [
    false,
    'The recording was changed while it was being transcribed. Submit it again, or retry the job from its start.',
  ],
  MEDIA_TOO_LONG: [
    false,
    'Split the recording, ask for a part of it with clip, or raise maxDurationHours in config.json.',
  ],
  MEDIA_TOO_LARGE: [false, 'Split the recording, or raise maxUploadBytes in config.json.'],
  DOWNLOAD_FAILED: [true, 'Check that the address can be reached from the server, then retry the job.'],
  MODEL_NOT_FOUND: [
    true,
    'Install the model with downloadModel, or put it into the model directory, then retry the job; or choose a mode whose model is installed.',
  ],
  MODEL_INVALID: [true, 'Delete the folder of the model and install it again, then retry the job.'],
  GPU_UNAVAILABLE: [true, 'Check that nvidia-smi shows a GPU on the server, or use computePower AUTO or CPU_ONLY.'],
  GPU_OUT_OF_MEMORY: [
    true,
    'Free GPU memory, lower numJobs or the mode’s gpuBatchSize, or use a smaller mode; then retry the job.',
  ],
  OUT_OF_MEMORY: [
    true,
    'Lower numJobs or the mode’s cpuBatchSize, use a smaller mode, or give the server more memory; then retry the job.',
  ],
  ENGINE_NOT_INSTALLED: [
    true,
    'Run `npm run setup` on the server, or correct engineCommand in config.json; then retry the job.',
  ],
  ENGINE_CRASHED: [
    true,
    'The logs of the job hold the last lines of the engine. If other recordings work, convert this one to FLAC.',
  ],
  ENGINE_STALLED: [
    true,
    'The logs of the job hold the last lines of the engine. Check the load of the server, then retry the job.',
  ],
  ENGINE_PROTOCOL: [
    false,
    'The engine does not fit this server. Run `npm run setup` again, and check engineCommand in config.json.',
  ],
  JOB_TIMEOUT: [
    true,
    'Retry the job: it goes on from where it was. A smaller mode or a lower numJobs makes it faster.',
  ],
  STORAGE_FULL: [
    true,
    'Free space on the disk of the data directory, then retry the job: it goes on from where it was.',
  ],
  INTERNAL: [true, 'The logs of the job and of the server say more. Retry the job.'],
};

/** A failure with the advice for its code; `retryable` where the engine knows better. */
export function failure(code: FailureCode, message: string, retryable = failureHints[code][0]): JobFailure {
  return { code, message, hint: failureHints[code][1], retryable };
}
