import type { ServerRole } from '../config/config.ts';
import { type EngineStatus, unreadyEngine, type Worker } from '../jobs/worker.ts';
import type { Log } from '../logs/log.ts';
import type { Settings } from '../settings.ts';
import type { Notifier } from '../store/notifier.ts';
import type { WorkerStore } from '../store/workers.ts';
import type { HealthWatch } from './health.ts';
import { repeat } from './repeat.ts';

/** Who hears of the other processes. */
export interface FleetParts {
  readonly store: Pick<WorkerStore, 'workers'>;
  readonly notifier: Pick<Notifier, 'listen'>;
  readonly settings: Pick<Settings, 'refresh'>;
  readonly health: Pick<HealthWatch, 'engineChecked'>;
  readonly role: ServerRole;
  readonly leaseMs: number;
  readonly log: Log;
}

/** Between two looks, for what this process is not told of. */
const lookMs = 1000;

/** Hears what other processes that share the database change: the settings, and of an API node whether a worker is there whose engine works. */
export function followFleet({ store, notifier, settings, health, role, leaseMs, log }: FleetParts): AsyncDisposable {
  const refresh = () => settings.refresh();
  const onError = (err: unknown) => log.warn({ err }, 'other processes not looked at');
  const listening = notifier.listen('setting', () => {
    refresh().catch(onError);
  });
  const looking = repeat(
    lookMs,
    async () => {
      await refresh();
      if (role === 'api') health.engineChecked(engineOf(await store.workers(leaseMs)));
    },
    onError,
  );
  return {
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      await looking[Symbol.asyncDispose]();
    },
  };
}

/** One engine that works is enough; where none does, what the first lacks. */
function engineOf(workers: readonly Worker[]): EngineStatus {
  const there = workers.filter(({ status }) => status === 'READY');
  const engines = there.map(({ engine }) => engine).filter((engine) => engine !== null);
  return engines.find(({ ready }) => ready) ?? engines[0] ?? nobody;
}

const nobody = unreadyEngine(
  'No worker is there whose engine was tested: start one with `npm start -- worker`, or wait for it.',
);
