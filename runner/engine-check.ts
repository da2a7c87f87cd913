import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import type { ComputePower } from '#src/jobs/job.ts';
import type { Log } from '#src/logs/log.ts';
import { type EngineStatus, unreadyEngine } from '#src/jobs/worker.ts';
import type { HealthWatch } from '#src/operations/health.ts';
import type { Settings } from '#src/settings.ts';
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
    confined: z.array(text).nullable().default(null),
  }),
  z.object({ type: z.literal('error'), message: text }),
]);

/** What the engine is checked with. */
export interface EngineCheck {
  readonly engineCommand: readonly string[];
  readonly kind: EngineKind;
  readonly signal?: AbortSignal;
}

/**
 * Has the engine really decode a few seconds of speech on the device that jobs will use: imports alone do not show a broken driver or a wrong processor.
 * Never rejects.
 */
export async function checkEngine({ engineCommand, kind, signal }: EngineCheck): Promise<EngineStatus> {
  try {
    const options = signal === undefined ? { limitMs } : { limitMs, signal };
    return statusOf(await runProgram([...engineCommand, '--smoke', kind.model.path, ...kindArguments(kind)], options));
  } catch (error) {
    return unreadyEngine(error instanceof Error ? error.message : String(error));
  }
}

function statusOf({ lines, exit, stderr: said, timedOut }: ProgramResult): EngineStatus {
  if (exit.problem !== null)
    return unreadyEngine(`The engine cannot be started (${exit.problem}); run \`npm run setup\`.`);
  if (timedOut) return unreadyEngine(`The engine did not decode a few seconds of speech within ${limitMs / 1000} s.`);
  const answer = answerSchema.safeParse(parseJson(lines.at(-1) ?? '')).data;
  if (answer === undefined)
    return unreadyEngine(`The engine ended without an answer. ${said.split('\n').at(-1) ?? ''}`.trim());
  if (answer.type === 'error') return unreadyEngine(answer.message);
  const { ok, engine, versions, confined } = answer;
  const problem = ok ? null : `The engine does not hear what is said in its sample; it heard "${answer.text}".`;
  return { ready: ok, engine, ...versions, confined, problem };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Not an answer: told as such by the caller.
  }
}

const notConfined =
  'This system does not let the engine give up what it does not need: Linux 5.13 with seccomp and Landlock does. Take recordings only from people whom you trust.';

const noGpu = unreadyEngine('computePower is GPU_ONLY, and the server has no GPU: check that nvidia-smi shows one.');

/** What the engine is checked with, and who hears of it. */
interface EngineCheckParts {
  readonly config: Config;
  readonly settings: Pick<Settings, 'current' | 'onChange'>;
  readonly notifier: Pick<Notifier, 'listen'>;
  readonly health: Pick<HealthWatch, 'engineChecked'>;
  readonly runner: Pick<Runner, 'kindFor' | 'prepare'>;
  readonly log: Log;
}

/**
 * Tries the engine with the model of the mode in use, on the device that its jobs will use: it decodes a few seconds of speech, in the background, at the
 * start, when the mode or computePower is changed, and when that model was installed. A server with a broken engine still answers, and says so; a working
 * one gets an engine that waits for the first job.
 */
export function startEngineChecks({ config, settings, notifier, health, runner, log }: EngineCheckParts): Disposable {
  const stopping = new AbortController();
  let checked: { readonly model: string; readonly computePower: ComputePower } | null = null;

  async function check(): Promise<void> {
    const { mode, computePower } = settings.current();
    const { model } = config.transcription.modes[mode];
    if (model === checked?.model && computePower === checked.computePower) return;
    const current = { model, computePower };
    checked = current;
    const kind = await runner.kindFor({ mode, model, computePower });
    const { signal } = stopping;
    const status =
      kind === null ? noGpu : await checkEngine({ engineCommand: config.server.engineCommand, kind, signal });
    // A later check knows better.
    if (signal.aborted || current !== checked) return;
    const device = kind?.device ?? null;
    if (status.ready) log.info({ ...status, model, device }, 'engine ready');
    else log.error({ ...status, model, device, text: status.problem }, 'engine not ready');
    const missing = ['network', 'files'].filter(
      (each) => status.confined?.some((given) => given.endsWith(each)) === false,
    );
    if (missing.length > 0) log.warn({ missing, text: notConfined }, 'engine not confined');
    health.engineChecked(status);
    if (kind !== null && status.ready) runner.prepare(kind);
  }
  function start(): void {
    check().catch((err: unknown) => {
      checked = null;
      log.error({ err }, 'engine not checked');
      health.engineChecked(unreadyEngine('The engine could not be checked; the log of the server tells why.'));
    });
  }
  /** Without its model the engine could not pass. */
  function startAgain(installed: string): void {
    if (installed === checked?.model) checked = null;
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
