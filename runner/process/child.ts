import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { splitLines } from '../protocol.ts';
import { childEnvironment } from './environment.ts';
import { peakMemoryOf, signalGroup, startTimeOf, waitForGroup } from './process-group.ts';

/** How the first process of a child's group ended. `problem` is the system's code, such as ENOENT, where it never started. */
export interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly problem: string | null;
}

/**
 * A running program with its process group. It ends by itself, by `end`, or with the server: its stdin is a lifeline. To be disposed of when it
 * is gone, since what nobody has read of its lines keeps the pipe open.
 */
export interface Child extends Disposable {
  /** Undefined where it could not be started; it is the number of its process group too. */
  readonly pid: number | undefined;
  readonly startTime: string | null;
  /** What it writes to stdout, some lines at a time, as fast as it is read here and no faster. To be iterated once. */
  readonly lines: AsyncIterable<readonly string[]>;
  readonly exited: Promise<Exit>;
  /** Settles when no process of the group runs any more. */
  readonly gone: Promise<void>;
  /** Writes one line to its stdin, which stays open. */
  send(line: string): void;
  /** As `send`; whether the pipe has taken it, and is not broken. */
  write(line: string): Promise<boolean>;
  /** Closes its stdin: it is to leave. */
  endInput(): void;
  /** SIGTERM to the whole group, SIGKILL after `graceMs`. Settles when the group is gone. */
  end(graceMs: number): Promise<void>;
  /** The last lines of its stderr. */
  stderrTail(): string;
  peakMemoryBytes(): number | null;
}

/** A pipe that stays silent this long after the child's end is held open by a process that left the group. */
const quietMs = 1000;
const memoryEveryMs = 2000;

/** Starts a program in its own process group, with none of the server's variables but the allowed ones. */
export function startChild(command: readonly string[]): Child {
  const [program = '', ...args] = command;
  const subprocess = execa(program, args, {
    cwd: '/', // Never where a user can put files: programs look for modules and configuration there.
    env: childEnvironment(program),
    extendEnv: false,
    killDescendants: true,
    forceKillAfterDelay: false, // `end` waits for the whole group, which execa does not.
    buffer: false,
    reject: false,
  });
  // A child that dies before it has read its input breaks the pipe; its exit tells the story.
  subprocess.stdin.on('error', () => undefined);
  // Where nobody listens yet when the child ends, Node throws away what it has said.
  subprocess.stdout.on('readable', () => undefined);
  const { pid, nodeChildProcess } = subprocess;
  const onExit: OnExit = (listener) => {
    const hasExited = pid === undefined || nodeChildProcess.exitCode !== null || nodeChildProcess.signalCode !== null;
    if (hasExited) listener();
    else nodeChildProcess.once('exit', listener);
  };
  const exited = pid === undefined ? refusal(subprocess) : exitOf(nodeChildProcess);
  const gone = pid === undefined ? exited.then(() => undefined) : goneOf(pid, exited);
  return {
    pid,
    startTime: pid === undefined ? null : startTimeOf(pid),
    lines: splitLines(untilQuiet(subprocess.stdout, onExit)),
    exited,
    gone,
    send: (line) => {
      subprocess.stdin.write(`${line}\n`);
    },
    write: (line) =>
      new Promise((resolve) => {
        subprocess.stdin.write(`${line}\n`, (error) => resolve(!(error instanceof Error)));
      }),
    endInput: () => {
      subprocess.stdin.end();
    },
    end: async (graceMs) => {
      if (pid !== undefined) await endGroup(pid, graceMs);
      await gone;
    },
    [Symbol.dispose]: () => {
      subprocess.stdout.destroy();
    },
    stderrTail: tailOf(subprocess.stderr),
    peakMemoryBytes: watchMemory(pid, onExit),
  };
}

/** Calls a listener when the first process of the group has ended, or at once where there was none. */
type OnExit = (listener: () => void) => void;

async function refusal(result: PromiseLike<{ readonly code?: string | undefined }>): Promise<Exit> {
  return { exitCode: null, signal: null, problem: (await result).code ?? 'UNKNOWN' };
}

/** Earlier than execa's result, which waits for the end of all output, even of processes that the child left behind. */
function exitOf(process: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    process.once('exit', (exitCode, signal) => resolve({ exitCode, signal, problem: null }));
  });
}

async function endGroup(group: number, graceMs: number): Promise<void> {
  signalGroup(group, 'SIGTERM');
  if (await waitForGroup(group, graceMs)) return;
  signalGroup(group, 'SIGKILL');
}

/** Processes that a child has started and left behind belong to nobody. */
async function goneOf(group: number, exited: Promise<Exit>): Promise<void> {
  const tie = endWithUs(group);
  await exited;
  if (signalGroup(group, 'SIGKILL')) await waitForGroup(group);
  tie[Symbol.dispose]();
}

async function* untilQuiet(stdout: Readable, onExit: OnExit): AsyncGenerator<Buffer> {
  let read = 0;
  let readBefore = -1;
  let quiet = false;
  function closeQuiet(): void {
    if (stdout.closed) return;
    const timer = setInterval(() => {
      quiet = stdout.readableLength === 0 && read === readBefore;
      readBefore = read;
      if (quiet) stdout.destroy();
    }, quietMs);
    stdout.once('close', () => clearInterval(timer));
  }
  onExit(closeQuiet);
  try {
    // Without an encoding, chunks are buffers.
    for await (const chunk of stdout.iterator() as AsyncIterable<Buffer>) {
      read += 1;
      yield chunk;
    }
  } catch (error) {
    if (!quiet) throw error;
  }
}

function watchMemory(pid: number | undefined, onExit: OnExit): () => number | null {
  let peak: number | null = null;
  if (pid === undefined) return () => null;
  async function look(process: number): Promise<void> {
    peak = (await peakMemoryOf(process)) ?? peak;
  }
  const timer = setInterval(() => {
    look(pid).catch(() => undefined); // Nothing is known then.
  }, memoryEveryMs);
  onExit(() => clearInterval(timer));
  return () => peak;
}

const maxBytes = 64 * 1024;
const maxLines = 20;

/** Reads a child's stderr without end and keeps its last 64 KiB, so that a child which writes a lot is neither held up nor remembered. */
function tailOf(stderr: Readable): () => string {
  let kept: Buffer[] = [];
  let bytes = 0;
  stderr.on('data', (chunk: Buffer) => {
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes < 2 * maxBytes) return;
    kept = [Buffer.from(Buffer.concat(kept).subarray(-maxBytes))];
    bytes = maxBytes;
  });
  // A pipe that breaks has nothing more to say; how the child ended is told by its exit.
  stderr.on('error', () => undefined);
  return () => lastLines(Buffer.concat(kept).subarray(-maxBytes).toString('utf8'));
}

function lastLines(text: string): string {
  const lines = text.replaceAll(/[^\P{Cc}\n]/gu, '').split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-maxLines)
    .join('\n');
}

const groups = new Set<number>();
let isListening = false;

/**
 * Kills a process group should this process exit before the answer is disposed of, as it does when somebody hurries. A server that is killed cannot
 * do so: then its children end by their lifeline, and the next start looks after what they have left.
 */
function endWithUs(group: number): Disposable {
  if (!isListening) process.on('exit', killAll);
  isListening = true;
  groups.add(group);
  return {
    [Symbol.dispose]: () => {
      groups.delete(group);
    },
  };
}

function killAll(): void {
  for (const group of groups) signalGroup(group, 'SIGKILL');
}
