import type { Config } from '../config/config.ts';
import type { ModelState } from '../jobs/worker.ts';
import type { Log } from '../logs/log.ts';
import type { Notifier } from '../store/notifier.ts';
import type { WorkerStore } from '../store/workers.ts';
import { repositoryOf } from './hub/revision.ts';
import { modelsOfModes } from './installed.ts';
import type { Models } from './models.ts';

/** What the models of workers are known by. */
export interface FleetModelsParts {
  readonly config: Config;
  readonly store: Pick<WorkerStore, 'workers' | 'requestModel'>;
  readonly leaseMs: number;
}

/** The models of all workers, each with a model directory of its own: what is asked for, each of them does. */
export function openFleetModels({ config, store, leaseMs }: FleetModelsParts): Models {
  /** What each worker that is there says of a model, undefined where it knows nothing of it; what those said who were there last, as after the database was away, where none is. */
  async function readAll(): Promise<readonly ReadonlyMap<string, ModelState>[]> {
    const workers = await store.workers(leaseMs);
    const there = workers.filter(({ status }) => status === 'READY');
    return (there.length > 0 ? there : workers).map(({ models }) => new Map(models.map((model) => [model.id, model])));
  }
  return {
    async list() {
      const workers = await readAll();
      const ids = new Set([...modelsOfModes(config), ...workers.flatMap((models) => [...models.keys()])]);
      return [...ids].map((id) => join(id, workers));
    },
    async read(id) {
      return join(id, await readAll());
    },
    download: (id) => store.requestModel(id, 'DOWNLOAD'),
    cancel: (id) => store.requestModel(id, 'CANCEL'),
    remove: (id) => store.requestModel(id, 'REMOVE'),
  };
}

/** Installed where it is with all of them; as far on its way as with the last. */
function join(id: string, workers: readonly ReadonlyMap<string, ModelState>[]): ModelState {
  const states = workers.map((models) => models.get(id) ?? { ...unknown, id });
  const onTheWay = states.flatMap(({ downloading }) => downloading ?? []);
  return {
    id,
    installed: states.length === 0 ? null : states.every(({ installed }) => installed === true),
    bytes: states.find(({ bytes }) => bytes !== null)?.bytes ?? null,
    downloading: onTheWay.length === 0 ? null : Math.min(...onTheWay),
    because:
      states.length === 0 ? 'no worker is there' : (states.find(({ because }) => because !== null)?.because ?? null),
    problem: states.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}

const unknown = { installed: false, bytes: null, downloading: null, because: null, problem: null } as const;

/** What a worker does for its models. */
export interface ModelRequestParts {
  readonly store: Pick<WorkerStore, 'modelRequests'>;
  readonly notifier: Pick<Notifier, 'listen'>;
  /** Those of this machine. */
  readonly models: Models;
  readonly log: Log;
}

/** Has a worker do what is asked of all of them. One that comes later downloads what stands to be downloaded, and removes nothing. */
export function followModelRequests({ store, notifier, models, log }: ModelRequestParts): Disposable {
  const done = new Map<string, number>();
  let isFirst = true;
  let last = Promise.resolve();

  async function look(): Promise<void> {
    for (const { model, action, requestedAt } of await store.modelRequests()) {
      if (done.get(model) === requestedAt.getTime()) continue;
      done.set(model, requestedAt.getTime());
      const isLate = isFirst && action !== 'DOWNLOAD';
      if (!isLate) await act(model, action);
    }
    isFirst = false;
  }

  async function act(model: string, action: 'DOWNLOAD' | 'CANCEL' | 'REMOVE'): Promise<void> {
    const repository = repositoryOf(model);
    try {
      if (action === 'CANCEL') await models.cancel(model);
      else if (action === 'REMOVE') await models.remove(model);
      else if (repository !== null && !(await models.read(model)).installed) await models.download(model, repository);
    } catch (err) {
      log.error({ model, action, err }, 'model request not done');
    }
  }

  const wake = () => {
    last = last.then(look).catch((err: unknown) => log.warn({ err }, 'model requests not looked at'));
  };
  wake();
  return notifier.listen('worker', wake);
}
