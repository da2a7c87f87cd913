import { cancelJob, retryJob } from '#resolvers/change-job.ts';
import {
  JobAlreadyFinishedError,
  JobNotFoundError,
  JobStatusError,
  MediaNotFoundError,
  ModelNotInstalledError,
  QueueFullError,
} from '#src/errors.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { Job } from './job.ts';

const CancelSuccess = builder.objectRef<{ readonly job: JobShape }>('CancelSuccess').implement({
  description: 'A running job may still be WORKING here; its last event tells when it is gone.',
  fields: (t) => ({ job: t.expose('job', { type: Job, description: 'The job.' }) }),
});

const RetrySuccess = builder.objectRef<{ readonly job: JobShape }>('RetrySuccess').implement({
  description: 'The job waits again.',
  fields: (t) => ({ job: t.expose('job', { type: Job, description: 'The job.' }) }),
});

builder.mutationFields((t) => ({
  cancel: t.field({
    type: CancelSuccess,
    description:
      'Idempotent and durable: once acknowledged the job can only end CANCELLED, whatever happens to the server. CANCELLED only after the child and all that it started are gone.',
    args: { id: t.arg.id({ required: true, description: 'The job.' }) },
    errors: {
      types: [JobNotFoundError, JobAlreadyFinishedError],
      union: { name: 'CancelResult', description: 'The job, or why it cannot be cancelled.' },
    },
    resolve: async (_, { id }, context) => ({ job: await cancelJob(id, context) }),
  }),
  retry: t.field({
    type: RetrySuccess,
    description: 'A FAILED or CANCELLED job runs again, from its last checkpoint unless fromStart.',
    args: {
      id: t.arg.id({ required: true, description: 'The job.' }),
      fromStart: t.arg.boolean({ defaultValue: false, description: 'Delete the segments so far and begin again.' }),
    },
    errors: {
      types: [JobNotFoundError, JobStatusError, MediaNotFoundError, ModelNotInstalledError, QueueFullError],
      union: { name: 'RetryResult', description: 'The job, or why it cannot run again.' },
    },
    resolve: async (_, { id, fromStart }, context) => ({
      job: await retryJob({ id, fromStart: fromStart ?? false }, context),
    }),
  }),
}));
