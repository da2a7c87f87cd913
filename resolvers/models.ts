import { setImmediate } from 'node:timers/promises';
import { InvalidInputError, ModelInUseError, RequestError } from '#src/errors.ts';
import type { ModelState } from '#src/jobs/worker.ts';
import { downloadableModels, repositoryOf } from '#src/models/hub/revision.ts';
import { isModelId, languagesOf, modelsOfModes } from '#src/models/installed.ts';
import type { Context } from './context.ts';
import { coalesced } from './subscription.ts';

/** A model with what it understands, and why it is not installed or was not downloaded. */
export interface ModelInfo extends ModelState {
  readonly installed: boolean;
  readonly languages: string;
}

type Needs = Pick<Context, 'config' | 'models'>;

/** The models of the modes, then those that are installed, then those that are or were to be downloaded. */
export async function listModels({ models }: Pick<Context, 'models'>): Promise<readonly ModelInfo[]> {
  return (await models.list()).map(toInfo);
}

async function readInfo(id: string, { models }: Pick<Context, 'models'>): Promise<ModelInfo> {
  return toInfo(await models.read(id));
}

function toInfo(model: ModelState): ModelInfo {
  const { id, installed, because } = model;
  const problem = model.problem ?? (because === null ? null : `${id} is not installed: ${because}.`);
  return { ...model, installed: installed === true, problem, languages: languagesOf(id) };
}

/** Starts a download, or finds that it is there or on its way already. Throws InvalidInputError, StorageFullError. */
export async function downloadModel(id: string, context: Needs): Promise<ModelInfo> {
  const { config, models } = context;
  if (!(await models.read(id)).installed) {
    const repository = requireRepository(id);
    if (config.server.hubOffline) {
      throw new InvalidInputError(
        'id',
        'The server is offline and downloads nothing.',
        'Start it without HF_HUB_OFFLINE, or put a CTranslate2 model into a folder of its model directory.',
      );
    }
    await models.download(id, repository);
  }
  return readInfo(id, context);
}

/** Ends a download and removes what has come; where there is none, nothing happens. Throws InvalidInputError. */
export async function cancelDownload(id: string, context: Needs): Promise<ModelInfo> {
  requireRepository(id);
  await context.models.cancel(id);
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
async function isKnown(id: string, { config, models }: Needs): Promise<boolean> {
  if (!isModelId(id)) return false;
  return repositoryOf(id) !== null || modelsOfModes(config).includes(id) || (await readInfo(id, { models })).installed;
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

type RemovalNeeds = Needs & Pick<Context, 'settings' | 'store'>;

/** Jobs that are looked at in one go: a few milliseconds, in which nobody else has a turn. */
const jobsAtOnce = 100;

/**
 * Removes a model that nobody needs, and what has come of its download; an engine that waits with it is ended first. Where there is none, nothing
 * happens. Throws InvalidInputError, ModelInUseError.
 */
export async function removeModel(id: string, context: RemovalNeeds): Promise<ModelInfo> {
  if (!(await isKnown(id, context))) {
    throw new InvalidInputError('id', 'There is no model of this name.', 'Ask for models to see those there are.');
  }
  await refuseUsed(id, context);
  await context.models.remove(id);
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
