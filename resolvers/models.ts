import { setImmediate } from 'node:timers/promises';
import { InvalidInputError, ModelInUseError, RequestError } from '#src/errors.ts';
import type { DownloadState } from '#src/models/downloads.ts';
import { downloadableModels, repositoryOf } from '#src/models/hub/revision.ts';
import {
  installedModels,
  isInstalled,
  isModelId,
  type Model,
  modelsOfModes,
  readModel,
  removeModel as removeFolder,
} from '#src/models/installed.ts';
import type { Context } from './context.ts';
import { coalesced } from './subscription.ts';

/** A model with what is known of its download. */
export interface ModelInfo extends Model, Pick<DownloadState, 'downloading' | 'problem'> {}

type Needs = Pick<Context, 'config' | 'downloads'>;

/** The models of the modes, then those that are installed, then those that are or were to be downloaded. */
export async function listModels({ config, downloads }: Needs): Promise<readonly ModelInfo[]> {
  const ids = new Set([...modelsOfModes(config), ...(await installedModels(config)), ...downloads.ids()]);
  return Promise.all([...ids].map((id) => readInfo(id, { config, downloads })));
}

/** One model as it is now; the bytes of one that is not installed are those that the hub would send. */
async function readInfo(id: string, { config, downloads }: Needs): Promise<ModelInfo> {
  const model = await readModel(config, id);
  const { downloading, problem, bytes } = downloads.state(id);
  return { ...model, bytes: model.bytes ?? bytes, downloading, problem: problem ?? problemOf(model) };
}

function problemOf({ id, problem }: Model): string | null {
  return problem === null ? null : `${id} is not installed: ${problem}.`;
}

/** Starts a download, or finds that it is there or on its way already. Throws InvalidInputError, StorageFullError. */
export async function downloadModel(id: string, context: Needs): Promise<ModelInfo> {
  const { config, downloads } = context;
  if (!(await isInstalled(config, id))) {
    const repository = requireRepository(id);
    if (config.server.hubOffline) {
      throw new InvalidInputError(
        'id',
        'The server is offline and downloads nothing.',
        'Start it without HF_HUB_OFFLINE, or put a CTranslate2 model into a folder of its model directory.',
      );
    }
    await downloads.start(id, repository);
  }
  return readInfo(id, context);
}

/** Ends a download and removes what has come; where there is none, nothing happens. Throws InvalidInputError. */
export async function cancelDownload(id: string, context: Needs): Promise<ModelInfo> {
  requireRepository(id);
  await context.downloads.cancel(id);
  return readInfo(id, context);
}

function requireRepository(id: string): string {
  const repository = repositoryOf(id);
  if (repository !== null) return repository;
  throw new InvalidInputError(
    'id',
    'There is no model of this name to download.',
    `These can be: ${downloadableModels.join(', ')}.`,
  );
}

/** Whether there is, or can be, a model of this name. Whatever config.json calls a model, here it must be the name of a folder. */
async function isKnown(id: string, { config }: Pick<Context, 'config'>): Promise<boolean> {
  if (!isModelId(id)) return false;
  return repositoryOf(id) !== null || modelsOfModes(config).includes(id) || isInstalled(config, id);
}

/** A model whenever something of it changes, or of one model alone. The last change is never dropped. Throws NOT_FOUND. */
export async function watchModels(
  { id }: { readonly id?: string | null | undefined },
  context: Needs & Pick<Context, 'notifier'>,
): Promise<AsyncGenerator<ModelInfo, void, undefined>> {
  if (typeof id === 'string' && !(await isKnown(id, context))) {
    throw new RequestError('NOT_FOUND', 'There is no model with this id.');
  }
  const watched = { notifier: context.notifier, topic: 'model', key: id ?? undefined } as const;
  return coalesced(watched, async function* read(changed) {
    for (const model of changed) yield readInfo(model, context);
  });
}

type RemovalNeeds = Pick<Context, 'config' | 'downloads' | 'notifier' | 'releaseModel' | 'settings' | 'store' | 'log'>;

/** Jobs that are looked at in one go: a few milliseconds, in which nobody else has a turn. */
const jobsAtOnce = 100;

/**
 * Removes a model that nobody needs, and what has come of its download; an engine that waits with it is ended first. Where there is none, nothing
 * happens. Throws InvalidInputError, ModelInUseError.
 */
export async function removeModel(id: string, context: RemovalNeeds): Promise<ModelInfo> {
  const { config, downloads, notifier, log } = context;
  if (!(await isKnown(id, context))) {
    throw new InvalidInputError('id', 'There is no model of this name.', 'Ask for models to see those there are.');
  }
  await refuseUsed(id, context);
  await downloads.cancel(id);
  if (await isInstalled(config, id)) {
    await context.releaseModel(id);
    await removeFolder(config, id);
    log.info({ model: id }, 'model removed');
    notifier.notify('model', id);
  }
  return readInfo(id, context);
}

async function refuseUsed(id: string, { config, settings, store }: RemovalNeeds): Promise<void> {
  const { mode } = settings.current();
  if (config.transcription.modes[mode].model === id) {
    throw new ModelInUseError(
      id,
      `${id} is the model of ${mode}, the mode of the settings.`,
      'Choose another mode with setConfig first.',
    );
  }
  if (await isNeeded(id, store)) {
    throw new ModelInUseError(
      id,
      `Jobs that wait or run need ${id}.`,
      'Wait for their end or cancel them, then remove the model.',
    );
  }
}

/** Whether a job that is not finished is to run with the model. */
async function isNeeded(id: string, store: Pick<Context['store'], 'jobs'>): Promise<boolean> {
  const filter = { status: ['QUEUED', 'WORKING'] as const };
  let page = await store.jobs(filter, { limit: jobsAtOnce });
  for (;;) {
    if (page.some(({ item }) => item.options.model === id)) return true;
    const last = page.at(-1);
    if (last === undefined) return false;
    await setImmediate();
    page = await store.jobs(filter, { limit: jobsAtOnce, after: last.key });
  }
}
