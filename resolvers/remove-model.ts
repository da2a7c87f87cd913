import { setImmediate } from 'node:timers/promises';
import { InvalidInputError, ModelInUseError } from '#src/errors.ts';
import { isInstalled, removeModel as removeFolder } from '#src/models/installed.ts';
import type { Context } from './context.ts';
import { isKnown, look, type ModelReading } from './models.ts';

type Needs = Pick<Context, 'config' | 'downloads' | 'releaseModel' | 'settings' | 'store' | 'log'>;

/** Jobs that are looked at in one go: a few milliseconds, in which nobody else has a turn. */
const jobsAtOnce = 100;

/**
 * Removes a model that nobody needs, and what has come of its download; an engine that waits with it is ended first. Where there is none, nothing
 * happens. Throws InvalidInputError, ModelInUseError.
 */
export async function removeModel(id: string, context: Needs): Promise<ModelReading> {
  const { config, downloads, log } = context;
  if (!(await isKnown(id, context))) {
    throw new InvalidInputError('id', 'There is no model of this name.', 'Ask for models to see those there are.');
  }
  await refuseUsed(id, context);
  await downloads.cancel(id);
  if (await isInstalled(config, id)) {
    await context.releaseModel(id);
    await removeFolder(config, id);
    log.info({ model: id }, 'model removed');
    downloads.changes.ring(id);
  }
  return look(id, context);
}

async function refuseUsed(id: string, { config, settings, store }: Needs): Promise<void> {
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
