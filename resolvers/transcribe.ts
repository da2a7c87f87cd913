import type { Context, RequestContext } from '#src/context.ts';
import { InvalidInputError, isStorageFull, ModelNotInstalledError, StorageFullError } from '#src/errors.ts';
import type { Job } from '#src/job.ts';
import { locateMedia } from '#src/media/locate.ts';
import { Upload } from '#src/media/upload.ts';
import { isInstalled, isModelId } from '#src/models.ts';
import type { NewJob } from '#src/store/port.ts';
import { readLabels, readOptions, type TranscribeInput } from './transcribe-input.ts';

type Needs = Pick<RequestContext, 'store' | 'config' | 'settings' | 'storage' | 'caller'>;

/**
 * Accepts a recording: checks everything that can be told before it is heard, then stores the job, durable when this returns.
 *
 * Throws InvalidInputError, ModelNotInstalledError, MediaNotFoundError, MediaRejectedError, QueueFullError and StorageFullError.
 */
export async function transcribe(
  input: TranscribeInput,
  context: Needs,
): Promise<{ readonly job: Job; readonly existing: boolean }> {
  const { config, settings } = context;
  const options = readOptions(input, { settings: settings.current(), config: config.transcription });
  const labels = { ...readLabels(input), callerId: context.caller };
  if (!isModelId(options.model)) throw new InvalidInputError('input.model', 'input.model must be an id of models.');
  if (!(await isInstalled(config, options.model))) throw new ModelNotInstalledError(options.model);
  try {
    await context.storage.demandRoom();
    return await addJob(input, { ...labels, options }, context);
  } catch (error) {
    throw isStorageFull(error) ? new StorageFullError('The disk of the server is full.', { cause: error }) : error;
  }
}

async function addJob({ media }: TranscribeInput, job: Omit<NewJob, 'media'>, { store, config }: Needs) {
  const { maxQueued } = config.server;
  if (media.upload instanceof Upload) {
    return addUpload(media.upload, (stored) => store.addJob({ ...job, media: stored }, maxQueued));
  }
  if (typeof media.path !== 'string') throw new InvalidInputError('input.media', 'Give a path or an upload.');
  const located = await locateMedia(media.path, config.server.mediaRoots);
  return store.addJob({ ...job, media: { ...located, stored: false, sha256: null } }, maxQueued);
}

async function addUpload(upload: Upload, add: (media: NewJob['media']) => ReturnType<Context['store']['addJob']>) {
  const { name, bytes, sha256 } = upload;
  if (upload.refusal !== null) throw upload.refusal;
  try {
    const added = await add({ name, bytes, sha256, stored: true, path: await upload.keep() });
    if (added.existing) await upload.undo();
    return added;
  } catch (error) {
    await upload.undo();
    throw error;
  }
}
