import { Dictation, type Write } from './engine-output.ts';
import type { JobLine } from './engine-request.ts';
import type { Ended } from './outcome.ts';
import { type Child, startChild } from './process/child.ts';
import { EngineProtocolError, parseLine } from './protocol.ts';
import { patiently } from './retry.ts';
import type { Run } from './run.ts';
import { startWatchdog, timeLimitSeconds, type Watchdog } from './watchdog.ts';

/** The lease is another's: nothing more may be written, and nobody wants what the engine says. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** How often a write is tried while the store throws for another reason than a full disk: about 15 s. */
const maxTries = 8;

/** Starts an engine, gives it its job, takes what it says, and settles when its whole process group is gone. */
export async function runEngine(run: Run, line: JobLine): Promise<Ended> {
  const { engineCommand, engineSilenceSeconds } = run.parts.config.server;
  using child = run.parts.standby.take(line) ?? startChild(engineCommand);
  const end = (): void => endChild(run, child);
  run.halted.addEventListener('abort', end);
  if (run.halted.aborted) end();
  using leaving = new DisposableStack();
  const dictation = new Dictation(run.claim, run.parts.store, writeUnder(run));
  using watchdog = startWatchdog({
    silenceSeconds: engineSilenceSeconds,
    limitSeconds: () => timeLimitSeconds(dictation.length()),
    tell: run.halt,
  });
  try {
    if (child.pid !== undefined) await converse({ run, child, dictation, watchdog, leaving }, line);
  } catch (error) {
    blame(run, error);
  }
  const exit = await child.exited;
  await child.gone;
  tellStderr(run, child, dictation);
  return {
    exit,
    last: dictation.last,
    halt: run.reason()?.halt ?? null,
    problem: run.reason()?.problem ?? null,
    crashes: run.claim.crashes,
    peakMemoryBytes:
      (dictation.last?.type === 'end' ? dictation.last.peakMemoryBytes : null) ?? child.peakMemoryBytes(),
    provenance: dictation.provenance,
  };
}

interface Conversation {
  readonly run: Run;
  readonly child: Child;
  readonly dictation: Dictation;
  readonly watchdog: Watchdog;
  /** What is given up when the engine has left. */
  readonly leaving: DisposableStack;
}

async function converse(conversation: Conversation, line: JobLine): Promise<void> {
  const { run, child, dictation, watchdog, leaving } = conversation;
  await noteProcess(conversation, line.device);
  child.send(JSON.stringify(line));
  for await (const texts of child.lines) {
    watchdog.heard();
    for (const text of texts) {
      // Read on to the end all the same: a full pipe would hold the engine up on its way out.
      if (run.halted.aborted || dictation.last !== null) break;
      const said = parseLine(text);
      const writing = said === null ? undefined : dictation.take(said, text.length);
      if (writing !== undefined) await watchdog.excuse(writing);
      // Not before the first words are out: loading a model takes a core for a second or two.
      if (said?.type === 'checkpoint') run.parts.standby.prepare(line);
      if (dictation.last !== null) leaving.use(allowToLeave(run, child));
    }
  }
}

async function noteProcess({ run, child }: Conversation, device: string): Promise<void> {
  if (child.pid === undefined) return;
  const process = { pid: child.pid, pidStartTime: child.startTime, device };
  await writeUnder(run)('noteProcess', () => run.parts.store.noteProcess(run.claim.lease, process));
}

/** An engine that has said its last word and hangs on its way out is helped along. */
function allowToLeave(run: Run, child: Child): Disposable {
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
    const isKept = await patiently(act, { log: parts.log, what, signal: halted, maxTries });
    if (!isKept) throw new LeaseLostError();
  };
}

function blame(run: Run, error: unknown): void {
  if (error instanceof LeaseLostError) run.halt('lost');
  else if (error instanceof EngineProtocolError) run.halt('protocol', error.message);
  else {
    run.parts.log.error({ job: run.claim.job.id, err: error }, 'job cannot go on');
    run.halt('fault');
  }
}

function tellStderr(run: Run, child: Child, dictation: Dictation): void {
  const halt = run.reason()?.halt;
  if (dictation.last?.type === 'end' || halt === 'cancel' || halt === 'stop') return;
  const text = child.said();
  if (text !== '') run.parts.log.warn({ job: run.claim.job.id, attempt: run.claim.lease.attempt, text }, 'engine said');
}
