import { transcribe } from '#resolvers/transcribe.ts';
import {
  InvalidInputError,
  MediaNotFoundError,
  MediaRejectedError,
  ModelNotInstalledError,
  QueueFullError,
  StorageFullError,
} from '#src/errors.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import { checkedByResolver } from './bounds.ts';
import { builder } from './builder.ts';
import { ChannelModeType, ComputePowerType, TaskType, TranscriptionModeType } from './enums.ts';
import { Job } from './job.ts';

const MediaInput = builder.inputType('MediaInput', {
  description: 'The recording. Exactly one.',
  isOneOf: true,
  fields: (t) => ({
    path: t.string({
      extensions: checkedByResolver,
      description:
        'Relative to a media root of the server, or absolute under one; at most 4,096 bytes. A file that was written to within the last 3 s is waited for, in the queue, until nobody has for 3 s.',
    }),
    upload: t.field({
      type: 'File',
      description: 'Sent with the request as multipart/form-data, at most limits.maxUploadBytes.',
    }),
    url: t.string({
      extensions: checkedByResolver,
      description:
        'An http or https address that the server fetches it from, at most 8,000 characters and limits.maxUploadBytes: the job is QUEUED at stage DOWNLOADING meanwhile. Addresses of private networks are refused; a name that leads to one ends the job as FAILED with DOWNLOAD_FAILED. User, password and query are told to nobody else.',
    }),
    uploadId: t.id({
      description:
        'Id of a finished resumable (tus) upload, the last part of its address /uploads/ID; usable until 24 hours after its end, by several jobs.',
    }),
  }),
});

const ClipInput = builder.inputType('ClipInput', {
  description: 'Part of a recording.',
  fields: (t) => ({
    startSeconds: t.float({ defaultValue: 0, description: 'Begin, in seconds from the start of the recording.' }),
    endSeconds: t.float({ description: 'End, in seconds from the start of the recording; absent = to its end.' }),
  }),
});

const TranscribeInput = builder.inputType('TranscribeInput', {
  description: 'A recording and what to do with it. What is absent is taken from the Config.',
  fields: (t) => ({
    media: t.field({ type: MediaInput, required: true, description: 'The recording.' }),
    mode: t.field({ type: TranscriptionModeType, description: "Absent = the Config's." }),
    computePower: t.field({ type: ComputePowerType, description: "Absent = the Config's." }),
    model: t.id({
      extensions: checkedByResolver,
      description: "Overrides the mode's model; an id from models, at most 100 characters.",
    }),
    language: t.string({
      extensions: checkedByResolver,
      description: "A code of configOptions.languages, at most 3 letters; absent = the Config's; null = detect.",
    }),
    multilingual: t.boolean({
      defaultValue: false,
      description:
        'Detect the language of every stretch of up to 29 seconds: for recordings that switch languages. A language that is named is then only that of the job.',
    }),
    task: t.field({
      type: TaskType,
      defaultValue: 'TRANSCRIBE',
      description: 'Transcribe, or translate into English.',
    }),
    wordTimestamps: t.boolean({ description: "Give every word its time. Absent = the Config's." }),
    vad: t.boolean({
      description: "Leave out stretches without speech (voice activity detection). Absent = the Config's.",
    }),
    channels: t.field({
      type: ChannelModeType,
      defaultValue: 'MIX',
      description: 'SPLIT transcribes every channel of its own, as one speaker each (telephone recordings).',
    }),
    initialPrompt: t.string({
      extensions: checkedByResolver,
      description: 'Text that sets style and spelling, <= 2,000 characters.',
    }),
    hotwords: t.string({
      extensions: checkedByResolver,
      description: 'Words that are likely to be said, <= 2,000 characters.',
    }),
    beamSize: t.int({
      description: 'How many candidate texts the decoder keeps, 1 to 10; absent = the value of config.json.',
    }),
    track: t.int({
      description:
        'Sound track of a container with several, from 0; absent = the one that the container marks as default, else the first that is not silent. Beyond the last one the job is FAILED with MEDIA_NO_AUDIO and a hint that lists the tracks.',
    }),
    diarize: t.boolean({
      defaultValue: false,
      description:
        'Tell the speakers apart (with channels MIX only; else InvalidInputError). Segments stream without a speaker; at the end one JobTranscriptCleared and JobSegmentsAdded bring them again, cut where the speaker changes, and JobSpeakersChanged tells who there is. Words have their times then, whatever wordTimestamps says. Where it fails the job is COMPLETED all the same, with a warning.',
    }),
    minSpeakers: t.int({
      description:
        'How many speakers there are at least, 1 to 20, where that is known; both the same = exactly so many. InvalidInputError without diarize, and above maxSpeakers.',
    }),
    maxSpeakers: t.int({
      description:
        'How many speakers there are at most, 1 to 20, where that is known. InvalidInputError without diarize.',
    }),
    clip: t.field({ type: ClipInput, description: 'Only this part of the recording.' }),
    priority: t.int({ defaultValue: 0, description: 'Higher runs sooner; -1,000 to 1,000.' }),
    title: t.string({ extensions: checkedByResolver, description: 'What to call it, at most 500 characters.' }),
    tags: t.stringList({ extensions: checkedByResolver, description: 'At most 50 words of 100 characters.' }),
    metadata: t.field({
      type: 'JSON',
      extensions: checkedByResolver,
      description: 'Free key/value pairs, at most 50 and 16,384 characters as JSON.',
    }),
    callbackUrl: t.string({
      extensions: checkedByResolver,
      description:
        'Told when the job has ended, as a webhook is, and signed with webhookSecret of the settings, which all callers share; without it InvalidInputError. At most 2,000 characters, and what `url` of createWebhook may be. Not for an existing job, whose status the answer tells.',
    }),
    idempotencyKey: t.string({
      extensions: checkedByResolver,
      description:
        'Same key and same caller within 24 h: the first job is returned, whatever else the input says. At most 200 characters.',
    }),
    reuse: t.boolean({
      defaultValue: false,
      description:
        "A finished transcript of the same bytes with the same options and engine (its versions and the model's file) is returned at once: the caller's newest COMPLETED job that has it, as it is, never one that is edited, or else a new job. A recording under a media root is read through for it before the answer; of one that is given by URL the bytes are not known then, and its job is always a new one.",
    }),
  }),
});

const TranscribeSuccess = builder
  .objectRef<{ readonly job: JobShape; readonly existing: boolean }>('TranscribeSuccess')
  .implement({
    description: 'The recording was accepted; the job survives whatever happens to the server.',
    fields: (t) => ({
      job: t.expose('job', { type: Job, description: 'The job.' }),
      existing: t.exposeBoolean('existing', {
        description: 'true when idempotencyKey named an earlier job, or reuse found a finished one.',
      }),
    }),
  });

builder.mutationField('transcribe', (t) =>
  t.field({
    authScopes: { write: true },
    type: TranscribeSuccess,
    description:
      'Accepts a recording. What only the recording itself can show ends the job as FAILED, not this mutation.',
    args: {
      input: t.arg({ type: TranscribeInput, required: true, description: 'The recording and what to do with it.' }),
    },
    errors: {
      types: [
        MediaNotFoundError,
        MediaRejectedError,
        InvalidInputError,
        ModelNotInstalledError,
        QueueFullError,
        StorageFullError,
      ],
      union: { name: 'TranscribeResult', description: 'The job, or why the recording was not accepted.' },
    },
    resolve: (_, { input }, context) => transcribe(input, context),
  }),
);
