import type { Config } from '#src/config/config.ts';
import type { ComputePower } from '#src/jobs/job.ts';
import type { Log } from '#src/logs/log.ts';
import type { HealthWatch } from '#src/operations/health.ts';
import type { SettingsBook } from '#src/settings.ts';
import type { Bell } from '#src/store/notifier.ts';
import { broken, smokeTest } from './engine-check.ts';
import type { Runner } from './runner.ts';

const noGpu = broken('computePower is GPU_ONLY, and the server has no GPU: check that nvidia-smi shows one.');

/** What the engine is tried with, and who hears of it. */
interface TrialParts {
  readonly config: Config;
  readonly settings: Pick<SettingsBook, 'current' | 'onChange'>;
  readonly installations: Pick<Bell, 'listen'>;
  readonly health: Pick<HealthWatch, 'tested'>;
  readonly runner: Pick<Runner, 'kindFor' | 'prepare'>;
  readonly log: Log;
}

/**
 * Tries the engine with the model of the mode in use, on the device that its jobs will use: it decodes a few seconds of speech, in the background, at the
 * start, when the mode or computePower is changed, and when that model was installed. A server with a broken engine still answers, and says so; a working
 * one gets an engine that waits for the first job.
 */
export function startTrials({ config, settings, installations, health, runner, log }: TrialParts): Disposable {
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
  const listening = installations.listen(startAgain);
  start();
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      stopping.abort();
    },
  };
}
