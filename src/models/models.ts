import type { Config } from '../config/config.ts';
import { ModelNotInstalledError } from '../errors.ts';
import type { ModelState } from '../jobs/worker.ts';
import type { Log } from '../logs/log.ts';
import type { Notifier } from '../store/notifier.ts';
import type { Downloads } from './downloads.ts';
import { installedModels, modelsOfModes, readModel, removeModel } from './installed.ts';

/** The models of those who run jobs: of this machine, or of all workers of a fleet. */
export interface Models {
  /** Those of the modes, then those that are installed, then those that are or were to be downloaded. */
  list(): Promise<readonly ModelState[]>;
  /** As it is now; of one that is not installed the bytes are those that the hub would send. */
  read(id: string): Promise<ModelState>;
  /** Has it downloaded, unless that is being done already. Throws StorageFullError where the disk has no room for it. */
  download(id: string, repository: string): Promise<void>;
  /** Ends a download and removes what has come. */
  cancel(id: string): Promise<void>;
  /** Removes a model, and what has come of its download. An engine that waits with it is ended first. */
  remove(id: string): Promise<void>;
}

/** Throws ModelNotInstalledError, which tells why, unless the model is installed, or there is no worker that could tell: then its job waits for one. */
export async function requireModel(models: Pick<Models, 'read'>, id: string): Promise<void> {
  const { installed, because } = await models.read(id);
  if (installed === false) throw new ModelNotInstalledError(id, because);
}

/** What models are kept with. */
export interface ModelsParts {
  readonly config: Config;
  readonly downloads: Downloads;
  /** Ends an engine that waits with this model loaded. */
  readonly release: (id: string) => Promise<void>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly log: Log;
}

/** The models in the model directory of this machine. */
export function openLocalModels({ config, downloads, release, notifier, log }: ModelsParts): Models {
  async function read(id: string): Promise<ModelState> {
    const { installed, bytes, problem: because } = await readModel(config, id);
    const download = downloads.state(id);
    return { ...download, id, installed, because, bytes: bytes ?? download.bytes };
  }
  return {
    async list() {
      const ids = new Set([...modelsOfModes(config), ...(await installedModels(config)), ...downloads.ids()]);
      return Promise.all([...ids].map(read));
    },
    read,
    download: (id, repository) => downloads.start(id, repository),
    cancel: (id) => downloads.cancel(id),
    async remove(id) {
      await downloads.cancel(id);
      if (!(await read(id)).installed) return;
      await release(id);
      await removeModel(config, id);
      log.info({ model: id }, 'model removed');
      notifier.notify('model', id);
    },
  };
}
