import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import type { ComputePower } from '#src/jobs/job.ts';
import type { Log } from '#src/logs/log.ts';
import type { EngineReading, HealthWatch } from '#src/operations/health.ts';
import type { SettingsBook } from '#src/settings.ts';
import type { Notifier } from '#src/store/notifier.ts';
import { type EngineKind, kindArguments } from './engine-request.ts';
import { type ProgramResult, runProgram } from './process/run-program.ts';
import type { Runner } from './runner.ts';

/** Loading takes seconds; a first start from a slow disk more. */
const limitMs = 120_000;

const text = z.string().max(2000);
/** The engine's only line: see runner/engine/PROTOCOL.md. */
const answerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('smoke'),
    ok: z.boolean(),
    text,
    engine: text,
    versions: z.object({ fasterWhisper: text, ctranslate2: text, python: text }),
  }),
  z.object({ type: z.literal('error'), message: text }),
]);

/** What the engine is tried with. */
export interface Trial {
  readonly engineCommand: readonly string[];
  readonly kind: EngineKind;
  readonly signal?: AbortSignal;
}

/**
 * Has the engine really decode a few seconds of speech on the device that jobs will use: imports alone do not show a broken driver or a wrong processor.
 * Never rejects.
 */
export async function smokeTest({ engineCommand, kind, signal }: Trial): Promise<EngineReading> {
  try {
    const options = signal === undefined ? { limitMs } : { limitMs, signal };
    return judge(await runProgram([...engineCommand, '--smoke', kind.model.path, ...kindArguments(kind)], options));
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

function judge({ lines, exit, said, timedOut }: ProgramResult): EngineReading {
  if (exit.problem !== null) return broken(`The engine cannot be started (${exit.problem}); run \`npm run setup\`.`);
  if (timedOut) return broken(`The engine did not decode a few seconds of speech within ${limitMs / 1000} s.`);
  const answer = answerSchema.safeParse(parseJson(lines.at(-1) ?? '')).data;
  if (answer === undefined)
    return broken(`The engine ended without an answer. ${said.split('\n').at(-1) ?? ''}`.trim());
  if (answer.type === 'error') return broken(answer.message);
  const { ok, engine, versions } = answer;
  const problem = ok ? null : `The engine does not hear what is said in its sample; it heard "${answer.text}".`;
  return { ready: ok, engine, ...versions, problem };
}

/** The reading of an engine that cannot do its work. */
function broken(problem: string): EngineReading {
  return { ready: false, engine: null, fasterWhisper: null, ctranslate2: null, python: null, problem };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Not an answer: told as such by the caller.
  }
}

const noGpu = broken('computePower is GPU_ONLY, and the server has no GPU: check that nvidia-smi shows one.');

/** What the engine is tried with, and who hears of it. */
interface TrialParts {
  readonly config: Config;
  readonly settings: Pick<SettingsBook, 'current' | 'onChange'>;
  readonly notifier: Pick<Notifier, 'listen'>;
  readonly health: Pick<HealthWatch, 'tested'>;
  readonly runner: Pick<Runner, 'kindFor' | 'prepare'>;
  readonly log: Log;
}

/**
 * Tries the engine with the model of the mode in use, on the device that its jobs will use: it decodes a few seconds of speech, in the background, at the
 * start, when the mode or computePower is changed, and when that model was installed. A server with a broken engine still answers, and says so; a working
 * one gets an engine that waits for the first job.
 */
export function startTrials({ config, settings, notifier, health, runner, log }: TrialParts): Disposable {
  const stopping = new AbortController();
  let tried: { readonly model: string; readonly computePower: ComputePower } | null = null;

  async function tryEngine(): Promise<void> {
    const { mode, computePower } = settings.current();
    const { model } = config.transcription.modes[mode];
    if (model === tried?.model && computePower === tried.computePower) return;
    const trial = { model, computePower };
    tried = trial;
    const kind = await runner.kindFor({ mode, model, computePower });
    const { signal } = stopping;
    const reading =
      kind === null ? noGpu : await smokeTest({ engineCommand: config.server.engineCommand, kind, signal });
    // A later trial knows better.
    if (signal.aborted || trial !== tried) return;
    const device = kind?.device ?? null;
    if (reading.ready) log.info({ ...reading, model, device }, 'engine ready');
    else log.error({ ...reading, model, device, text: reading.problem }, 'engine not ready');
    health.tested(reading);
    if (kind !== null && reading.ready) runner.prepare(kind);
  }
  function start(): void {
    tryEngine().catch((err: unknown) => {
      tried = null;
      log.error({ err }, 'engine not tried');
      health.tested(broken('The engine could not be tried; the log of the server tells why.'));
    });
  }
  /** Without its model the engine could not pass. */
  function startAgain(installed: string): void {
    if (installed === tried?.model) tried = null;
    start();
  }
  settings.onChange(start);
  const listening = notifier.listen('modelInstalled', startAgain);
  start();
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      stopping.abort();
    },
  };
}
