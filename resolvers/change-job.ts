import { JobAlreadyFinishedError, JobNotFoundError, JobStatusError, MediaNotFoundError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import { openRecording } from '#src/media/recording.ts';
import { requireModel } from '#src/models/installed.ts';
import type { Context } from './context.ts';

/** Cancels a job: at once when it is queued, else as soon as its processes are gone. Throws JobNotFoundError, JobAlreadyFinishedError. */
export async function cancelJob(id: string, { store }: Pick<Context, 'store'>): Promise<Job> {
  const job = await store.cancel(id);
  if (job === null) throw new JobNotFoundError();
  if (job.status === 'COMPLETED' || job.status === 'FAILED') throw new JobAlreadyFinishedError(job.status);
  return job;
}

/**
 * Puts a FAILED or CANCELLED job back into the queue.
 *
 * Throws JobNotFoundError, JobStatusError, MediaNotFoundError, ModelNotInstalledError, QueueFullError.
 */
export async function retryJob(
  { id, fromStart }: { readonly id: string; readonly fromStart: boolean },
  { store, config }: Pick<Context, 'store' | 'config'>,
): Promise<Job> {
  const before = await store.job(id);
  if (before === null) throw new JobNotFoundError();
  if (before.status !== 'FAILED' && before.status !== 'CANCELLED') throw refused(before);
  if (!(await isThere(before, config)))
    throw new MediaNotFoundError('The recording of this job is no longer there, or has another size.');
  await requireModel(config, before.options.model);
  const result = await store.retry(id, fromStart, config.server.maxQueued);
  if (result === null) throw new JobNotFoundError();
  if (result.refused) throw refused(result.job);
  return result.job;
}

function refused(job: Job): JobStatusError {
  return new JobStatusError(job.status, `The job is ${job.status}.`, 'Only a FAILED or CANCELLED job can be retried.');
}

async function isThere({ media }: Job, { server }: Context['config']): Promise<boolean> {
  const recording = await openRecording(media, server);
  await recording?.handle.close();
  return recording !== null;
}
