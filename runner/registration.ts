import type { WorkerReport } from '#src/jobs/worker.ts';
import type { Log } from '#src/logs/log.ts';
import { openWakeUp } from '#src/operations/wake-up.ts';
import type { Notifier } from '#src/store/notifier.ts';
import type { Store } from '#src/store/store.ts';

/** What a worker is registered with. */
export interface RegistrationParts {
  readonly store: Pick<Store, 'isShared' | 'seeWorker' | 'forgetWorkers'>;
  readonly notifier: Notifier;
  readonly log: Log;
  /** What it says of itself; asked at each report. Always of the same id. */
  readonly report: () => Promise<WorkerReport>;
  /** Between two reports. */
  readonly everyMs: number;
  /** It is to take no new jobs, give back those that it runs, and leave. Called once. */
  readonly onDrain: () => void;
}

/** A worker among the others. */
export interface Registration extends AsyncDisposable {
  /** Reports now: something of it has changed. */
  readonly wake: () => void;
}

/** Lets the others see a worker for as long as it reports, and has it told that it is to leave. Disposing of it takes it away. */
export function startRegistration({ store, notifier, log, report, everyMs, onDrain }: RegistrationParts): Registration {
  const wakeUp = openWakeUp();
  const leaving = new AbortController();
  let isDraining = false;
  let id: string | null = null;
  let isTold = false;
  const models = new Map<string, string>();

  /** What other processes look at is what was reported. */
  function tellModels(said: WorkerReport): void {
    const now = new Map(said.models.map((model) => [model.id, JSON.stringify(model)]));
    for (const model of new Set([...models.keys(), ...now.keys()])) {
      if (models.get(model) !== now.get(model)) notifier.notify('model', model);
    }
    models.clear();
    for (const [model, state] of now) models.set(model, state);
  }

  async function say(): Promise<void> {
    const said = await report();
    ({ id } = said);
    const { draining } = await store.seeWorker(said);
    isTold = false;
    if (store.isShared) tellModels(said);
    if (!draining || isDraining) return;
    isDraining = true;
    log.info({ worker: said.name }, 'worker is drained');
    onDrain();
  }

  async function work(): Promise<void> {
    while (!leaving.signal.aborted) {
      await say().catch((err: unknown) => {
        if (!isTold) log.error({ err }, 'worker not registered');
        isTold = true;
      });
      await wakeUp.sleep(everyMs);
    }
    if (id !== null) await store.forgetWorkers(id).catch((err: unknown) => log.warn({ err }, 'worker not taken away'));
  }

  const working = work();
  const listening = notifier.listen('worker', wakeUp.wake);
  return {
    wake: wakeUp.wake,
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      leaving.abort();
      wakeUp.wake();
      await working;
    },
  };
}
