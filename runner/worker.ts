import { nanoid } from 'nanoid';
import type { Config } from '#src/config/config.ts';
import { classesOf, type EngineStatus, type Serves } from '#src/jobs/worker.ts';
import { followModelRequests } from '#src/models/fleet-models.ts';
import type { Models } from '#src/models/models.ts';
import type { HealthWatch } from '#src/operations/health.ts';
import type { Settings } from '#src/settings.ts';
import { listenEvery } from '#src/store/notifier.ts';
import type { Store } from '#src/store/store.ts';
import { startEngineChecks } from './engine-check.ts';
import { readGpus } from './gpu.ts';
import { startRegistration } from './registration.ts';
import { renewAfter, type Runner, type RunnerOptions, startRunner, workerName } from './runner.ts';

/** What a worker is started with. */
export interface WorkerParts extends Pick<
  RunnerOptions,
  'store' | 'notifier' | 'media' | 'samples' | 'config' | 'log'
> {
  /** The same without what listens to its writes. */
  readonly registry: Pick<Store, 'isShared' | 'seeWorker' | 'forgetWorkers' | 'modelRequests'>;
  /** Those of this machine. */
  readonly localModels: Models;
  readonly settings: Settings;
  readonly health: Pick<HealthWatch, 'engineChecked'>;
  readonly version: string;
  /** It has given its jobs back, since somebody has it drained. */
  readonly onDrained: () => void;
}

/** Between two reports while models come and go. */
const modelReportMs = 500;

/** Starts to run jobs: with its engine tested, and seen by the others for as long as it does. */
export async function startWorker(parts: WorkerParts): Promise<Runner> {
  const { registry, localModels, settings, config, notifier, log, health, version } = parts;
  const id = nanoid();
  const numJobs = () => config.server.slots ?? settings.current().numJobs;
  let engine: EngineStatus | null = null;
  await using stack = new AsyncDisposableStack();
  // Whoever was there before is gone where the database is this process's alone.
  if (!registry.isShared) await registry.forgetWorkers(null);
  const serves = () => servedBy(config, registry.isShared);
  const isPaused = () => settings.current().paused;
  const runner = stack.use(startRunner({ ...parts, isFleet: registry.isShared, numJobs, isPaused, serves }));
  const registration = stack.use(
    startRegistration({
      store: registry,
      notifier,
      log,
      everyMs: config.server.leaseSeconds * 1000 * renewAfter,
      async report() {
        const [gpus, models, served] = await Promise.all([readGpus(), localModels.list(), serves()]);
        const classes = classesOf(served);
        const devices = ['cpu', ...gpus.map(({ index, name }) => `${index} ${name}`)];
        return { id, name: workerName, version, slots: numJobs(), devices, models, classes, engine };
      },
      onDrain() {
        runner
          .stop()
          .then(parts.onDrained)
          .catch((err: unknown) => log.error({ err }, 'worker not drained'));
      },
    }),
  );
  if (registry.isShared) {
    // What others read of its models is what it reports.
    stack.use(listenEvery({ notifier, topic: 'model', ms: modelReportMs }, registration.wake));
    stack.use(followModelRequests({ store: registry, notifier, models: localModels, log }));
  }
  const checked = (status: EngineStatus) => {
    engine = status;
    health.engineChecked(status);
    registration.wake();
  };
  stack.use(startEngineChecks({ config, settings, notifier, health: { engineChecked: checked }, runner, log }));
  settings.onChange(() => {
    runner.wake();
    registration.wake();
  });
  const owned = stack.move();
  return { ...runner, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What this machine takes jobs of: of a fleet those that it is set to and has the device for, alone all, so that what it cannot run fails and does not wait for ever. */
async function servedBy({ server }: Config, isFleet: boolean): Promise<Serves> {
  if (!isFleet) return {};
  const hasGpu = (await readGpus()).length > 0;
  return {
    ...(server.servedModes.length > 0 ? { modes: server.servedModes } : {}),
    ...(hasGpu ? {} : { computePowers: ['AUTO', 'CPU_ONLY'] }),
  };
}
