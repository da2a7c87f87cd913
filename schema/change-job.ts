import { watchDeletions } from '#resolvers/watch-jobs.ts';
import { cancelJob, deleteJob, retryJob, updateJob } from '#resolvers/jobs.ts';
import {
  InvalidInputError,
  JobAlreadyFinishedError,
  JobNotFoundError,
  JobStatusError,
  MediaNotFoundError,
  ModelNotInstalledError,
  QueueFullError,
} from '#src/errors.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import { checkedByResolver } from './bounds.ts';
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
    authScopes: { write: true },
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
    authScopes: { write: true },
    type: RetrySuccess,
    description:
      'A FAILED or CANCELLED job runs again, from its last checkpoint unless fromStart. A start from the beginning (fromStart, or a resume that is refused) voids edits and names of speakers, told by JobTranscriptCleared.',
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

const UpdateJobInput = builder.inputType('UpdateJobInput', {
  description: 'Absent = unchanged; null clears title, tags and metadata; null priority = 0.',
  fields: (t) => ({
    title: t.string({ extensions: checkedByResolver, description: 'What to call it, at most 500 characters.' }),
    tags: t.stringList({
      extensions: checkedByResolver,
      description: 'All its tags from now on: at most 50 words of 100 characters.',
    }),
    metadata: t.field({
      extensions: checkedByResolver,
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
    authScopes: { write: true },
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

const DeleteJobSuccess = builder.objectRef<{ readonly id: string }>('DeleteJobSuccess').implement({
  description: 'The job is gone.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'The id that it had; it is never given again.' }) }),
});

builder.mutationField('deleteJob', (t) =>
  t.field({
    authScopes: { write: true },
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
    authScopes: { read: true },
    type: 'ID',
    description:
      'The id of each visible job that is deleted, by deleteJob or because it was kept for retentionDays: from now on, or with since first of those that were deleted from 30 s before then on.',
    args: {
      since: t.arg({
        type: 'DateTime',
        description:
          'The newest updatedAt that the client has, as for jobChanged. More than 7 days ago: CURSOR_EXPIRED, query jobs anew.',
      }),
    },
    subscribe: (_, { since }, context) => watchDeletions({ since }, context),
    resolve: (id) => id,
  }),
);
