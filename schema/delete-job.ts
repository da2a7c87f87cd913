import { deleteJob } from '#resolvers/delete-job.ts';
import { watchDeletions } from '#resolvers/watch-jobs.ts';
import { JobNotFoundError, JobStatusError } from '#src/errors.ts';
import { builder } from './builder.ts';

const DeleteJobSuccess = builder.objectRef<{ readonly id: string }>('DeleteJobSuccess').implement({
  description: 'The job is gone.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'The id that it had; it is never given again.' }) }),
});

builder.mutationField('deleteJob', (t) =>
  t.field({
    type: DeleteJobSuccess,
    description:
      'Removes the job, its events, its logs and the media that the server stored for it. Refused while WORKING: cancel it first. Who follows the job gets NOT_FOUND.',
    args: { id: t.arg.id({ required: true, description: 'The job.' }) },
    errors: {
      types: [JobNotFoundError, JobStatusError],
      union: { name: 'DeleteJobResult', description: 'The id, or why the job was not deleted.' },
    },
    resolve: (_, { id }, context) => deleteJob(id, context),
  }),
);

builder.subscriptionField('jobDeleted', (t) =>
  t.field({
    type: 'ID',
    description:
      'The id of each visible job that is deleted from now on, by deleteJob or because it was kept for retentionDays.',
    subscribe: (_, __, context) => watchDeletions(context),
    resolve: (id) => id,
  }),
);
