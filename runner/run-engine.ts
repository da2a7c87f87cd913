import { EngineOutput, type Write } from './engine-output.ts';
import type { JobLine } from './engine-request.ts';
import type { EndedAttempt } from './outcome.ts';
import { type Child, startChild } from './process/child.ts';
import { EngineProtocolError, parseLine } from './protocol.ts';
import { retry } from '#src/operations/retry.ts';
import type { Run } from './run-context.ts';
import { startWatchdog, timeLimitSeconds, type Watchdog } from './watchdog.ts';

/** The lease is another's: nothing more may be written, and nobody wants what the engine says. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** How often a write is tried while the store throws for another reason than a full disk: about 15 s. */
const maxTries = 8;

/** Starts an engine, gives it its job, takes what it says, and settles when its whole process group is gone. */
export async function runEngine(run: Run, line: JobLine): Promise<EndedAttempt> {
  const { engineCommand, engineSilenceSeconds } = run.parts.config.server;
  using child = run.parts.standby.take(line) ?? startChild(engineCommand);
  const end = (): void => endChild(run, child);
  run.halted.addEventListener('abort', end);
  if (run.halted.aborted) end();
  using leaving = new DisposableStack();
  const output = new EngineOutput(run.claim, run.parts.store, writeUnder(run));
  using watchdog = startWatchdog({
    silenceSeconds: engineSilenceSeconds,
    limitSeconds: () => timeLimitSeconds(output.length()),
    onHalt: run.halt,
  });
  try {
    if (child.pid !== undefined) await exchange({ run, child, output, watchdog, leaving }, line);
  } catch (error) {
    haltFor(run, error);
  }
  const exit = await child.exited;
  await child.gone;
  logStderr(run, child, output);
  return {
    exit,
    last: output.last,
    halt: run.reason()?.halt ?? null,
    problem: run.reason()?.problem ?? null,
    crashes: run.claim.crashes,
    peakMemoryBytes: (output.last?.type === 'end' ? output.last.peakMemoryBytes : null) ?? child.peakMemoryBytes(),
    provenance: output.provenance,
  };
}

interface Exchange {
  readonly run: Run;
  readonly child: Child;
  readonly output: EngineOutput;
  readonly watchdog: Watchdog;
  /** What is given up when the engine has left. */
  readonly leaving: DisposableStack;
}

async function exchange(conversation: Exchange, line: JobLine): Promise<void> {
  const { run, child, output, watchdog, leaving } = conversation;
  await saveProcess(conversation, line.device);
  child.send(JSON.stringify(line));
  // Where others wait, the next engine is as much in a hurry as this one.
  if ((await run.parts.store.queueCounts()).queued > 0) run.parts.standby.prepare(line);
  for await (const texts of child.lines) {
    watchdog.reset();
    for (const text of texts) {
      // Read on to the end all the same: a full pipe would hold the engine up on its way out.
      if (run.halted.aborted || output.last !== null) break;
      const said = parseLine(text);
      const writing = said === null ? undefined : output.take(said, text.length);
      if (writing !== undefined) await watchdog.excuse(writing);
      // Else not before the first words are out: loading a model takes a core for half a second.
      if (said?.type === 'checkpoint') run.parts.standby.prepare(line);
      if (output.last !== null) leaving.use(endIfItHangs(run, child));
    }
  }
}

async function saveProcess({ run, child }: Exchange, device: string): Promise<void> {
  if (child.pid === undefined) return;
  const process = { pid: child.pid, pidStartTime: child.startTime, device };
  await writeUnder(run)('saveProcess', () => run.parts.store.saveProcess(run.claim.lease, process));
}

/** An engine that has said its last word and hangs on its way out is helped along. */
function endIfItHangs(run: Run, child: Child): Disposable {
  const timer = setTimeout(() => endChild(run, child), run.parts.config.server.engineStopSeconds * 1000);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Begins to end an engine; that it is gone is told by the child. */
function endChild({ parts, claim }: Run, child: Child): void {
  child.end(parts.config.server.engineStopSeconds * 1000).catch((err: unknown) => {
    parts.log.error({ job: claim.job.id, err }, 'engine cannot be ended');
  });
}

function writeUnder({ parts, halted }: Run): Write {
  return async (what, act) => {
    const isKept = await retry(act, { log: parts.log, what, signal: halted, maxTries });
    if (!isKept) throw new LeaseLostError();
  };
}

function haltFor(run: Run, error: unknown): void {
  if (error instanceof LeaseLostError) run.halt('lost');
  else if (error instanceof EngineProtocolError) run.halt('protocol', error.message);
  else {
    run.parts.log.error({ job: run.claim.job.id, err: error }, 'job cannot go on');
    run.halt('fault');
  }
}

function logStderr(run: Run, child: Child, output: EngineOutput): void {
  const halt = run.reason()?.halt;
  if (output.last?.type === 'end' || halt === 'cancel' || halt === 'stop') return;
  const text = child.stderrTail();
  if (text !== '') run.parts.log.warn({ job: run.claim.job.id, attempt: run.claim.lease.attempt, text }, 'engine said');
}
