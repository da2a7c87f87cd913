import { updateJob } from '#resolvers/update-job.ts';
import { InvalidInputError, JobNotFoundError } from '#src/errors.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { Job } from './job.ts';

const UpdateJobInput = builder.inputType('UpdateJobInput', {
  description: 'Absent = unchanged; null clears title, tags and metadata; null priority = 0.',
  fields: (t) => ({
    title: t.string({ description: 'What to call it, at most 500 characters.' }),
    tags: t.stringList({ description: 'All its tags from now on: at most 50 words of 100 characters.' }),
    metadata: t.field({
      type: 'JSON',
      description: 'All its key/value pairs from now on: at most 50, with 16,384 characters as JSON.',
    }),
    priority: t.int({
      description: 'Higher runs sooner; -1,000 to 1,000. A QUEUED job gets its place among those of the new priority.',
    }),
  }),
});

const UpdateJobSuccess = builder.objectRef<{ readonly job: JobShape }>('UpdateJobSuccess').implement({
  description: 'The job is called so.',
  fields: (t) => ({ job: t.expose('job', { type: Job, description: 'The job.' }) }),
});

builder.mutationField('updateJob', (t) =>
  t.field({
    type: UpdateJobSuccess,
    description:
      'Changes what a job is called and how urgent it is, whatever its status. It is no event: those who follow the job hear nothing of it.',
    args: {
      id: t.arg.id({ required: true, description: 'The job.' }),
      input: t.arg({ type: UpdateJobInput, required: true, description: 'What is to change.' }),
    },
    errors: {
      types: [JobNotFoundError, InvalidInputError],
      union: { name: 'UpdateJobResult', description: 'The job, or why nothing was changed.' },
    },
    resolve: async (_, args, context) => ({ job: await updateJob(args, context) }),
  }),
);
