import { nanoid } from 'nanoid';
import { InvalidInputError, isStorageFull, RequestError, StorageFullError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import { locateMedia } from '#src/media/locate.ts';
import { nameOf, readMediaUrl } from '#src/media/media-url.ts';
import { mayGrow } from '#src/media/settling.ts';
import type { MediaStore } from '#src/media/store.ts';
import { type ArrivedRecording, Upload } from '#src/media/upload.ts';
import { isModelId, translates } from '#src/models/installed.ts';
import { requireModel } from '#src/models/models.ts';
import { within } from '#src/operations/tracing/tracer.ts';
import type { NewJob } from '#src/store/store.ts';
import type { Context, RequestContext } from './context.ts';
import {
  readCallback,
  readIdempotencyKey,
  readLabels,
  readOptions,
  requireMediaRoots,
  requirePriority,
  type TranscribeInput,
} from './input.ts';

type Needs = Pick<
  RequestContext,
  | 'store'
  | 'config'
  | 'models'
  | 'settings'
  | 'storage'
  | 'identifyEngine'
  | 'media'
  | 'uploads'
  | 'caller'
  | 'tracer'
  | 'traceparent'
>;

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
  requireAllowed(input, context);
  const labels = {
    ...readLabels(input),
    idempotencyKey: readIdempotencyKey(input),
    callerId: context.caller.name,
    callbackUrl: readCallback(input, config.server),
  };
  if (!isModelId(options.model)) throw new InvalidInputError('input.model', 'input.model must be an id of models.');
  if (options.task === 'TRANSLATE' && !translates(options.model)) {
    const hint = 'Choose HIGH_ACCURACY, LOW_LATENCY or COMPACT, or another model.';
    throw new InvalidInputError('input.task', `The model ${options.model} does not translate.`, hint);
  }
  await requireModel(context.models, options.model);
  try {
    await context.storage.requireFreeSpace();
    await requireTime(context);
    return await addJob(input, { ...labels, options }, context);
  } catch (error) {
    throw isStorageFull(error) ? new StorageFullError('The disk of the server is full.', { cause: error }) : error;
  }
}

/** What a caller may not ask for, whatever else is right. Throws FORBIDDEN, InvalidInputError. */
function requireAllowed({ media, priority }: TranscribeInput, { caller, config }: Needs): void {
  requirePriority(priority, config.server.maxUserPriority, caller);
  if (typeof media.path === 'string') requireMediaRoots(config.server, caller);
}

/** No file has a longer path on Linux (PATH_MAX). */
const longestPath = 4096;

async function addJob({ media, reuse }: TranscribeInput, job: Omit<NewJob, 'media'>, context: Needs) {
  const { server } = context.config;
  const add = async (found: NewJob['media'], settling = false) => {
    const twin = reuse === true ? await readTwin(found, job.options.model, context) : {};
    return addTraced({ ...job, media: found, settling, ...twin }, context);
  };
  if (media.upload instanceof Upload) {
    if (media.upload.refusal !== null) throw media.upload.refusal;
    return addArrived(media.upload, add);
  }
  if (typeof media.uploadId === 'string') {
    return addArrived(await context.uploads.find(context.caller.name, media.uploadId), add);
  }
  if (typeof media.url === 'string') {
    const url = readMediaUrl(media.url, server.urlAllowedCidrs);
    // What its bytes are is not known before they are there, so that no finished job can stand for it.
    const found = { name: nameOf(url), key: { kept: nanoid() }, bytes: null, sha256: null };
    return addTraced({ ...job, media: found, url: url.href }, context);
  }
  if (typeof media.path !== 'string')
    throw new InvalidInputError('input.media', 'Give a path, an upload, a URL or an uploadId.');
  if (Buffer.byteLength(media.path) > longestPath) {
    throw new InvalidInputError('input.media.path', `input.media.path must have at most ${longestPath} bytes.`);
  }
  const { modifiedAt, ...located } = await locateMedia(media.path, server.mediaRoots);
  return add({ ...located, sha256: null }, mayGrow({ modifiedAt }));
}

/** Stores a job with the span to which its attempts belong, however long it waits and whichever process runs them. */
async function addTraced(job: NewJob, { store, config, tracer, traceparent: parent }: Needs) {
  const { mode, model } = job.options;
  const attributes = { 'job.mode': mode, 'job.model': model };
  return within(tracer.start('job', { parent, kind: 'PRODUCER', attributes }), async (span) => {
    const added = await store.addJob({ ...job, traceparent: span.traceparent }, config.server);
    span.note({ 'job.id': added.job.id, 'job.existing': added.existing });
    return added;
  });
}

const dayMs = 24 * 60 * 60 * 1000;

/** Throws TOO_MANY_REQUESTS where the caller has had as many hours of audio taken within a day as one may. */
async function requireTime({ store, caller, config }: Needs): Promise<void> {
  const { maxAudioHoursPerDay: hours } = config.server;
  if (hours === null) return;
  const seconds = await store.secondsSince(caller.name, new Date(Date.now() - dayMs));
  if (seconds < hours * 3600) return;
  const message = `You have submitted ${Math.floor(seconds / 360) / 10} hours of audio within 24 hours; ${hours} are allowed.`;
  throw new RequestError('TOO_MANY_REQUESTS', message, 'Wait until the oldest of these jobs are a day old.');
}

/** What a finished job must have to stand for this one; nothing where that cannot be told. The hash of a file that may still change is not kept. */
async function readTwin(
  found: NewJob['media'],
  model: string,
  { identifyEngine, media }: Needs,
): Promise<Pick<NewJob, 'reuse'>> {
  const engine = await identifyEngine(model);
  if (engine === null) return {};
  const sha256 = found.sha256 ?? (await hashOf(found, media));
  // A file that cannot be read any more is for the job to tell.
  return sha256 === null ? {} : { reuse: { sha256, engine } };
}

async function hashOf(found: NewJob['media'], media: MediaStore): Promise<string | null> {
  await using recording = await media.open(found);
  return (await recording?.sha256()) ?? null;
}

async function addArrived(
  recording: ArrivedRecording,
  add: (media: NewJob['media']) => ReturnType<Context['store']['addJob']>,
) {
  const { name, bytes, sha256 } = recording;
  try {
    const added = await add({ name, bytes, sha256, key: await recording.keep() });
    if (added.existing) await recording.undo();
    return added;
  } catch (error) {
    await recording.undo();
    throw error;
  }
}
