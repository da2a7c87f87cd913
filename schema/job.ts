import { listSegments } from '#resolvers/jobs.ts';
import { listJobLogs } from '#resolvers/logs.ts';
import { estimateStart } from '#resolvers/queue.ts';
import { readTranscript } from '#resolvers/transcript.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import { Attempt } from './attempt.ts';
import { builder } from './builder.ts';
import { JobStatusType, TranscriptFormatType } from './enums.ts';
import { JobFailure } from './failure.ts';
import { givenArguments } from './given.ts';
import { LogConnection } from './log-entry.ts';
import { Media } from './media.ts';
import { TranscriptionOptions } from './options.ts';
import { DetectedLanguage, Progress } from './progress.ts';
import { SegmentConnection } from './segment.ts';

export const Node = builder.interfaceRef<{ readonly id: string }>('Node').implement({
  description: 'Something that can be looked up again by its id.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'The same for as long as it exists, on every server.' }) }),
});

export const Job = builder.objectRef<JobShape>('Job');

builder.objectType(Job, {
  description: 'One recording to transcribe, with its options. It outlives every process that works at it.',
  interfaces: [Node],
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'lastEventSeq' in value,
  fields: (t) => ({
    id: t.exposeID('id', { description: 'job_ and 21 URL-safe characters.' }),
    status: t.expose('status', { type: JobStatusType, description: 'Where it is in its life.' }),
    title: t.exposeString('title', {
      nullable: true,
      description: 'What the client calls it, at most 500 characters.',
    }),
    metadata: t.expose('metadata', {
      type: 'JSON',
      nullable: true,
      description: 'Free key/value pairs given by the client, at most 50.',
    }),
    tags: t.exposeStringList('tags', { description: 'Words given by the client, at most 50 of 100 characters.' }),
    priority: t.exposeInt('priority', { description: 'Higher runs sooner; -1,000 to 1,000, 0 unless given.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was accepted.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an engine was first started for it.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it became COMPLETED, FAILED or CANCELLED.',
    }),
    cancelRequestedAt: t.expose('cancelRequestedAt', {
      type: 'DateTime',
      nullable: true,
      description: "Set from the moment a cancel was asked for: a page shows 'cancelling'.",
    }),
    estimatedStartAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'For a queued job, from the queue before it and the time that the last completed jobs took; null when it cannot be told, as before the first job is done and while the queue is paused.',
      resolve: (job, _, context) => estimateStart(job, context),
    }),
    media: t.field({
      type: Media,
      description: 'The recording.',
      resolve: (job) => ({ ...job.media, job }),
    }),
    options: t.expose('options', {
      type: TranscriptionOptions,
      description: 'What was asked for, with every default filled in.',
    }),
    progress: t.expose('progress', { type: Progress, description: 'How far it is.' }),
    queuePosition: t.int({
      nullable: true,
      description:
        '1 = next to run; null when not queued. Higher priority goes first, then what was begun before, then callers take turns.',
      resolve: ({ id, status }, _, { loaders }) => (status === 'QUEUED' ? loaders.queuePosition.load(id) : null),
    }),
    language: t.expose('language', { type: DetectedLanguage, nullable: true, description: 'Null until known.' }),
    failure: t.expose('failure', { type: JobFailure, nullable: true, description: 'Set when FAILED.' }),
    attempts: t.field({
      type: [Attempt],
      description: 'Every run of the engine for this job, oldest first.',
      resolve: ({ id }, _, { loaders }) => loaders.attempts.load(id),
    }),
    lastEventSeq: t.expose('lastEventSeq', {
      type: 'SafeInt',
      description: 'Number of the newest event; give it as `after` to follow from here.',
    }),
  }),
});

builder.objectFields(Job, (t) => ({
  segments: t.field({
    type: SegmentConnection,
    description: 'Segments so far (while WORKING) or all of them, in the order of time; keyset-paged.',
    args: {
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: ({ id }, args, context, info) =>
      listSegments({ ...args, jobId: id, given: givenArguments(info) }, context),
  }),
  transcript: t.string({
    nullable: true,
    description:
      'The transcript rendered on request from the stored segments. Null until the job has at least one segment or is COMPLETED. GET /jobs/ID/transcript.srt (.txt, .vtt ...) answers with the same as a file, piece by piece.',
    args: {
      format: t.arg({ type: TranscriptFormatType, defaultValue: 'TXT', description: 'How it is written.' }),
      maxLineWidth: t.arg.int({
        description:
          'Columns of a line in SRT, VTT and ASS, 8 to 1,000; full-width characters take two. Absent = a segment stands on one line.',
      }),
      maxLineCount: t.arg.int({
        description:
          'Lines of a cue in SRT, VTT and ASS, 1 to 100; longer segments become several cues. Absent = as many as it takes.',
      }),
      speakers: t.arg.boolean({
        description: 'Say who speaks, where it is known. Absent = false; JSON and CSV always tell.',
      }),
    },
    resolve: (job, args, context) => readTranscript(job, args, context),
  }),
  logs: t.field({
    type: LogConnection,
    description: 'Log lines about this job, oldest first.',
    args: {
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: ({ id }, args, context, info) => listJobLogs({ ...args, jobId: id, given: givenArguments(info) }, context),
  }),
}));
