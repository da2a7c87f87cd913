import {
  ApiKeyNotFoundError,
  InvalidInputError,
  JobAlreadyFinishedError,
  JobNotFoundError,
  JobStatusError,
  MediaNotFoundError,
  MediaRejectedError,
  ModelInUseError,
  ModelNotInstalledError,
  QueueFullError,
  StorageFullError,
  WebhookNotFoundError,
  type ExpectedError,
} from '#src/errors.ts';
import { builder } from './builder.ts';
import { JobStatusType, MediaRejectionType } from './enums.ts';

const ErrorInterface = builder.interfaceRef<ExpectedError>('Error').implement({
  description: 'A failure that a caller can act on, as a member of a result union.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'One sentence for a person.' }),
    code: t.exposeString('code', {
      description: "The error's name without Error, in SCREAMING_CASE, such as MEDIA_NOT_FOUND.",
    }),
    hint: t.exposeString('hint', { nullable: true, description: 'What to do about it.' }),
  }),
});

builder.objectType(ApiKeyNotFoundError, {
  name: 'ApiKeyNotFoundError',
  interfaces: [ErrorInterface],
  description: 'There is no API key with this id.',
});

builder.objectType(WebhookNotFoundError, {
  name: 'WebhookNotFoundError',
  interfaces: [ErrorInterface],
  description: 'There is no webhook with this id, or the caller may not see it.',
});

builder.objectType(MediaNotFoundError, {
  name: 'MediaNotFoundError',
  interfaces: [ErrorInterface],
  description: 'There is no readable recording at this path.',
});

builder.objectType(MediaRejectedError, {
  name: 'MediaRejectedError',
  interfaces: [ErrorInterface],
  description: 'The recording is not taken.',
  fields: (t) => ({ reason: t.expose('reason', { type: MediaRejectionType, description: 'Why.' }) }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  interfaces: [ErrorInterface],
  description: 'An argument has a value that is not allowed. Nothing was changed.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'Path of the argument, such as input.clip.startSeconds.' }),
  }),
});

builder.objectType(ModelNotInstalledError, {
  name: 'ModelNotInstalledError',
  interfaces: [ErrorInterface],
  description: 'The model is not in the model directory.',
  fields: (t) => ({ modelId: t.exposeID('modelId', { description: 'The model.' }) }),
});

builder.objectType(ModelInUseError, {
  name: 'ModelInUseError',
  interfaces: [ErrorInterface],
  description: 'Jobs or the settings need the model.',
  fields: (t) => ({ modelId: t.exposeID('modelId', { description: 'The model.' }) }),
});

builder.objectType(QueueFullError, {
  name: 'QueueFullError',
  interfaces: [ErrorInterface],
  description: 'Too many jobs wait.',
  fields: (t) => ({ limit: t.exposeInt('limit', { description: 'How many may wait.' }) }),
});

builder.objectType(StorageFullError, {
  name: 'StorageFullError',
  interfaces: [ErrorInterface],
  description: 'The disk of the server is full.',
});

builder.objectType(JobNotFoundError, {
  name: 'JobNotFoundError',
  interfaces: [ErrorInterface],
  description: 'There is no job with this id, or the caller may not see it.',
});

builder.objectType(JobAlreadyFinishedError, {
  name: 'JobAlreadyFinishedError',
  interfaces: [ErrorInterface],
  description: 'cancel of a COMPLETED or FAILED job; cancelling a CANCELLED one is a success.',
  fields: (t) => ({ status: t.expose('status', { type: JobStatusType, description: 'Its status.' }) }),
});

builder.objectType(JobStatusError, {
  name: 'JobStatusError',
  interfaces: [ErrorInterface],
  description: 'The job is in a status that does not allow this.',
  fields: (t) => ({ status: t.expose('status', { type: JobStatusType, description: 'Its status.' }) }),
});
