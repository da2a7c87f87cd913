import { JobNotFoundError, JobStatusError } from '#src/errors.ts';
import { removeJob } from '#src/operations/remove-job.ts';
import type { Context } from './context.ts';

/** Deletes a job that is not WORKING, with everything that is its own. Throws JobNotFoundError, JobStatusError. */
export async function deleteJob(
  id: string,
  context: Pick<Context, 'store' | 'deletions' | 'uploads' | 'log'>,
): Promise<{ readonly id: string }> {
  const deleted = await removeJob(id, context);
  if (deleted === null) throw new JobNotFoundError();
  if (deleted.refused) {
    throw new JobStatusError(deleted.job.status, 'The job is WORKING.', 'Cancel it, wait for its end, then delete it.');
  }
  // Not under `job`: its own lines are gone.
  context.log.info({ deleted: id }, 'job deleted');
  return { id };
}
