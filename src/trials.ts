import type { Runner } from '#runner/runner.ts';
import { smokeTest } from '#runner/smoke.ts';
import type { Context } from './context.ts';
import type { HealthWatch } from './health.ts';
import { modelPath } from './models.ts';

/** Who hears of a trial. */
interface Audience {
  readonly health: Pick<HealthWatch, 'tested'>;
  readonly runner: Pick<Runner, 'prepare'>;
}

/**
 * Tries the engine with the model of the mode in use: it decodes a second of audio, in the background, at the start, when the mode is
 * changed, and when that model was installed. A server with a broken engine still answers, and says so; a working one gets an engine that waits for the first job.
 */
export function startTrials(context: Context, { health, runner }: Audience): Disposable {
  const { config, settings, log, downloads } = context;
  const stopping = new AbortController();
  let tried: string | null = null;

  async function tryEngine(): Promise<void> {
    const { mode, computePower } = settings.current();
    const { model } = config.transcription.modes[mode];
    if (model === tried) return;
    tried = model;
    const { engineCommand } = config.server;
    const { signal } = stopping;
    const reading = await smokeTest({ engineCommand, modelPath: modelPath(config, model), signal });
    // A later trial knows better.
    if (signal.aborted || model !== tried) return;
    if (reading.ready) log.info({ ...reading, model }, 'engine ready');
    else log.error({ ...reading, model, text: reading.problem }, 'engine not ready');
    health.tested(reading);
    if (reading.ready) await runner.prepare({ mode, model, computePower });
  }
  /** Without its model the engine could not pass. */
  function tryAgain(installed: string): void {
    if (installed === tried) tried = null;
    void tryEngine();
  }
  settings.onChange(() => void tryEngine());
  const listening = downloads.installations.listen(tryAgain);
  void tryEngine();
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      stopping.abort();
    },
  };
}
