import { EngineOutput, type Write } from './engine-output.ts';
import type { JobLine } from './engine-request.ts';
import type { EndedAttempt } from './outcome.ts';
import { type Child, startChild } from './process/child.ts';
import { EngineProtocolError, type LineOf, parseLine } from './protocol.ts';
import { retry } from '#src/operations/retry.ts';
import type { AttemptProcess } from '#src/store/work.ts';
import type { Run, Running } from './run-context.ts';
import type { Passage } from './splitting/passage.ts';
import { type Length, startWatchdog, timeLimitSeconds, type Watchdog } from './watchdog.ts';

/** The lease is another's: nothing more may be written, and nobody wants what the engine says. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** How often a write is tried while the store throws for another reason than a full disk: about 15 s. */
const maxTries = 8;

/** What is made of what an engine says. */
export interface Listener {
  /** The last word, once it is said; what comes after it is ignored. */
  readonly last: LineOf<'end'> | LineOf<'error'> | null;
  readonly provenance: EndedAttempt['provenance'];
  /** Whether enough was said: the engine is ended then. */
  readonly isStopped: boolean;
  length(): Length;
  /** Takes a line. Throws EngineProtocolError. */
  take(text: string): { readonly writing?: Promise<void> | undefined; readonly isCheckpoint: boolean };
  /** What the engine is told after a checkpoint, and after its last word, which it then need not have been; null = nothing. */
  further?(): Promise<object | null>;
}

/** What an engine is asked. */
export interface Request {
  readonly line: JobLine;
  /** With what it is started; where absent, one that waits may take it. */
  readonly mode?: '--plan' | '--end';
  readonly listener: Listener;
  readonly saveProcess: (process: AttemptProcess) => Promise<boolean>;
}

/** How an engine ended; `isStopped`: because it had said enough. */
export interface EndedEngine extends EndedAttempt {
  readonly isStopped: boolean;
}

/** Has an engine work at a job, from a checkpoint or the beginning, as far as the passage lets it. */
export function runEngine(run: Run, line: JobLine, passage: Passage): Promise<EndedEngine> {
  const { claim, parts } = run;
  const output = new EngineOutput(claim, parts.store, writeUnder(run), passage);
  let toldTo: number | null = null;
  const listener: Listener = {
    get last() {
      return output.last;
    },
    get provenance() {
      return output.provenance;
    },
    get isStopped() {
      return output.isStopped;
    },
    length: () => output.length(),
    take(text) {
      const said = parseLine(text);
      const writing = said === null ? undefined : output.take(said, text.length);
      return { writing, isCheckpoint: said?.type === 'checkpoint' };
    },
    async further() {
      if (output.to === toldTo) return null;
      toldTo = output.to;
      return { to: toldTo };
    },
  };
  return converse(run, { line, listener, saveProcess: (process) => parts.store.saveProcess(claim.lease, process) });
}

/** Starts an engine, asks it, takes what it says, and settles when its whole process group is gone. */
export async function converse(running: Running, request: Request): Promise<EndedEngine> {
  const { engineCommand, engineSilenceSeconds } = running.parts.config.server;
  const { line, mode, listener } = request;
  using child = mode === undefined ? take(running, line) : startChild([...engineCommand, mode]);
  const end = (): void => endChild(running, child);
  running.halted.addEventListener('abort', end);
  if (running.halted.aborted) end();
  using leaving = new DisposableStack();
  using watchdog = startWatchdog({
    silenceSeconds: engineSilenceSeconds,
    limitSeconds: () => timeLimitSeconds(listener.length()),
    onHalt: running.halt,
  });
  try {
    if (child.pid !== undefined) await exchange({ running, child, watchdog, leaving }, request);
  } catch (error) {
    haltFor(running, error);
  }
  const exit = await child.exited;
  await child.gone;
  running.halted.removeEventListener('abort', end);
  logStderr(running, child, listener);
  return {
    exit,
    last: listener.last,
    halt: running.reason()?.halt ?? null,
    problem: running.reason()?.problem ?? null,
    crashes: running.crashes,
    peakMemoryBytes: (listener.last?.type === 'end' ? listener.last.peakMemoryBytes : null) ?? child.peakMemoryBytes(),
    provenance: listener.provenance,
    isStopped: listener.isStopped && !running.halted.aborted,
  };
}

function take({ parts }: Running, line: JobLine): Child {
  return parts.standby.take(line) ?? startChild(parts.config.server.engineCommand);
}

interface Exchange {
  readonly running: Running;
  readonly child: Child;
  readonly watchdog: Watchdog;
  /** What is given up when the engine has left. */
  readonly leaving: DisposableStack;
}

async function exchange({ running, child, watchdog, leaving }: Exchange, request: Request): Promise<void> {
  const { line, mode, listener } = request;
  await saveProcess(running, child, request);
  child.send(JSON.stringify(line));
  const prepare = (): void => {
    if (mode === undefined) running.parts.standby.prepare(line);
  };
  // Where others wait, the next engine is as much in a hurry as this one.
  if ((await running.parts.store.queueCounts()).queued > 0) prepare();
  for await (const texts of child.lines) {
    watchdog.reset();
    for (const text of texts) {
      // Read on to the end all the same: a full pipe would hold the engine up on its way out.
      if (running.halted.aborted || listener.last !== null || listener.isStopped) break;
      const { writing, isCheckpoint } = listener.take(text);
      if (writing !== undefined) await watchdog.excuse(writing);
      // Else not before the first words are out: loading a model takes a core for half a second.
      if (isCheckpoint) prepare();
      if (isCheckpoint || listener.last !== null) await tell(child, watchdog, listener);
      if (listener.last !== null) leaving.use(endIfItHangs(running, child));
      if (listener.isStopped) endChild(running, child);
    }
  }
}

async function tell(child: Child, watchdog: Watchdog, listener: Listener): Promise<void> {
  if (listener.further === undefined) return;
  const further = await watchdog.excuse(listener.further());
  if (further !== null) child.send(JSON.stringify(further));
}

async function saveProcess(running: Running, child: Child, { line, saveProcess: save }: Request): Promise<void> {
  if (child.pid === undefined) return;
  const process = { pid: child.pid, pidStartTime: child.startTime, device: line.device };
  await writeUnder(running)('saveProcess', () => save(process));
}

/** An engine that has said its last word and hangs on its way out is helped along. */
function endIfItHangs(running: Running, child: Child): Disposable {
  const timer = setTimeout(() => endChild(running, child), running.parts.config.server.engineStopSeconds * 1000);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Begins to end an engine; that it is gone is told by the child. */
function endChild({ parts, about }: Running, child: Child): void {
  child.end(parts.config.server.engineStopSeconds * 1000).catch((err: unknown) => {
    parts.log.error({ ...about, err }, 'engine cannot be ended');
  });
}

/** Writes to the store for as long as the lease of what runs holds; throws where it is lost. */
export function writeUnder({ parts, halted }: Running): Write {
  return async (what, act) => {
    const isKept = await retry(act, { log: parts.log, what, signal: halted, maxTries });
    if (!isKept) throw new LeaseLostError();
  };
}

/** Ends what runs for an error that came on the way. */
export function haltFor(running: Running, error: unknown): void {
  if (error instanceof LeaseLostError) running.halt('lost');
  else if (error instanceof EngineProtocolError) running.halt('protocol', error.message);
  else {
    running.parts.log.error({ ...running.about, err: error }, 'job cannot go on');
    running.halt('fault');
  }
}

function logStderr({ parts, about, reason }: Running, child: Child, listener: Listener): void {
  const halt = reason()?.halt;
  if (listener.last?.type === 'end' || listener.isStopped || halt === 'cancel' || halt === 'stop') return;
  const text = child.stderrTail();
  if (text !== '') parts.log.warn({ ...about, text }, 'engine said');
}
