import type { Config } from './config.ts';
import type { EngineReading, Health, ServerStatus } from './context.ts';
import { isInstalled } from './models.ts';
import type { SettingsBook } from './settings.ts';
import type { Store } from './store/port.ts';

/** Health that is kept up: by a look at the database and the model now and then, and by the test of the engine. */
export interface HealthWatch extends Health, Disposable {
  /** What the engine's test at the start found. */
  readonly tested: (engine: EngineReading) => void;
  /** The server is stopping. */
  readonly drain: () => void;
}

/** Between two looks; a database that takes no writes is known within it. */
const lookMs = 10_000;

const untested: EngineReading = { ready: false, fasterWhisper: null, ctranslate2: null, python: null, problem: null };

/** Starts to watch. Reading it does no work, so that a health check never waits. */
export function watchHealth(
  { store, settings, config }: { readonly store: Store; readonly settings: SettingsBook; readonly config: Config },
  version: string,
): HealthWatch {
  const startedAt = new Date();
  let engine: EngineReading | null = null;
  let draining = false;
  let found: readonly string[] = [];

  async function look(): Promise<void> {
    const { model } = config.transcription.modes[settings.current().mode];
    const [writable, installed] = await Promise.all([
      store.probe().then(
        () => true,
        () => false,
      ),
      isInstalled(config, model),
    ]);
    found = [
      ...(writable ? [] : ['The database takes no writes.']),
      ...(installed ? [] : [`The model ${model} of the mode in use is not installed.`]),
    ];
  }
  const problems = () => [...found, ...(engine === null || engine.problem === null ? [] : [engine.problem])];
  const timer = setInterval(() => void look(), lookMs).unref();
  void look();
  return {
    version,
    startedAt,
    get engine() {
      return engine ?? untested;
    },
    get status(): ServerStatus {
      if (draining) return 'DRAINING';
      if (engine === null) return 'STARTING';
      return problems().length === 0 ? 'READY' : 'DEGRADED';
    },
    get problems() {
      return problems();
    },
    tested: (reading) => void (engine = reading),
    drain: () => void (draining = true),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
