import { z } from 'zod';
import { JobNotFoundError } from '#src/errors.ts';
import type { Job } from '#src/jobs/job.ts';
import type { JobLabels } from '#src/store/store.ts';
import { checkInput } from './check-input.ts';
import type { Context } from './context.ts';
import { labelFields } from './label-fields.ts';

/** What a job is to be called: absent = unchanged, null clears, null as priority = 0. */
export type UpdateJobInput = { readonly [K in keyof JobLabels]?: unknown };

const inputSchema = z.object(labelFields);

/** Writes what a client calls a job, whatever its status. Throws InvalidInputError, JobNotFoundError. */
export async function updateJob(
  { id, input }: { readonly id: string; readonly input: UpdateJobInput },
  { store }: Pick<Context, 'store'>,
): Promise<Job> {
  const { title, tags, metadata, priority } = checkInput(inputSchema, input);
  const job = await store.updateJob(id, {
    ...(title === undefined ? {} : { title }),
    ...(tags === undefined ? {} : { tags: tags ?? [] }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(priority === undefined ? {} : { priority: priority ?? 0 }),
  });
  if (job === null) throw new JobNotFoundError();
  return job;
}
