import { followJob } from '#resolvers/job-events.ts';
import { findJob } from '#resolvers/jobs.ts';
import type { JobEvent as JobEventShape, JobFact } from '#src/jobs/job.ts';
import { builder } from './builder.ts';
import { JobStatusType } from './enums.ts';
import { DetectedLanguage, Job, Progress } from './job.ts';
import { Segment, Speaker } from './segment.ts';

type EventOf<Kind extends JobFact['kind']> = Extract<JobEventShape, { readonly kind: Kind }>;

const typeNames: Readonly<Record<JobFact['kind'], string>> = {
  STATUS_CHANGED: 'JobStatusChanged',
  PROGRESSED: 'JobProgressed',
  LANGUAGE_DETECTED: 'JobLanguageDetected',
  SEGMENTS_ADDED: 'JobSegmentsAdded',
  TRANSCRIPT_CLEARED: 'JobTranscriptCleared',
  SEGMENTS_CHANGED: 'JobSegmentsChanged',
  SPEAKERS_CHANGED: 'JobSpeakersChanged',
};

const JobEvent = builder.interfaceRef<JobEventShape>('JobEvent').implement({
  description: 'A numbered, persisted fact about a job.',
  resolveType: ({ kind }) => typeNames[kind],
  fields: (t) => ({
    seq: t.expose('seq', { type: 'SafeInt', description: '1, 2, 3 ... within the job, no gaps.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When it happened.' }),
    job: t.field({
      type: Job,
      description:
        "The job as it is now; what held at the time stands in the event's own fields, stored, the same at each replay.",
      resolve: ({ jobId }, _, context) => findJob(jobId, context),
    }),
  }),
});

builder.objectRef<EventOf<'STATUS_CHANGED'>>('JobStatusChanged').implement({
  description: 'The job changed its status; the first event of every job.',
  interfaces: [JobEvent],
  fields: (t) => ({
    status: t.expose('status', { type: JobStatusType, description: 'The new status.' }),
    attempt: t.exposeInt('attempt', {
      nullable: true,
      description: 'The attempt that it is about; null where none is.',
    }),
  }),
});

builder.objectRef<EventOf<'PROGRESSED'>>('JobProgressed').implement({
  description: 'One per change of stage and per committed batch.',
  interfaces: [JobEvent],
  fields: (t) => ({ progress: t.expose('progress', { type: Progress, description: 'How far it was.' }) }),
});

builder.objectRef<EventOf<'LANGUAGE_DETECTED'>>('JobLanguageDetected').implement({
  description: 'The language is settled.',
  interfaces: [JobEvent],
  fields: (t) => ({ language: t.expose('language', { type: DetectedLanguage, description: 'The language.' }) }),
});

builder.objectRef<EventOf<'SEGMENTS_ADDED'>>('JobSegmentsAdded').implement({
  description: 'Segments of a batch are final.',
  interfaces: [JobEvent],
  fields: (t) => ({
    segments: t.expose('segments', { type: [Segment], description: 'The new segments, in the order of time.' }),
  }),
});

builder.objectRef<EventOf<'TRANSCRIPT_CLEARED'>>('JobTranscriptCleared').implement({
  description:
    'The segments sent so far are void with all that somebody has changed in them and the names of speakers, indices start again at 0: retry from the start, or a resume that had to be refused.',
  interfaces: [JobEvent],
  fields: (t) => ({
    attempt: t.exposeInt('attempt', {
      nullable: true,
      description: 'The attempt whose segments are void; null where it was none.',
    }),
  }),
});

builder.objectRef<EventOf<'SEGMENTS_CHANGED'>>('JobSegmentsChanged').implement({
  description:
    'Segments that are there already, as they are from now on: somebody has edited or reverted them. At most 500 an event; a job that has ended can have such events after its end.',
  interfaces: [JobEvent],
  fields: (t) => ({
    segments: t.expose('segments', { type: [Segment], description: 'The segments, in the order of time.' }),
  }),
});

builder.objectRef<EventOf<'SPEAKERS_CHANGED'>>('JobSpeakersChanged').implement({
  description: 'The list of speakers is another, or a name in it.',
  interfaces: [JobEvent],
  fields: (t) => ({
    speakers: t.expose('speakers', { type: [Speaker], description: 'All of them, as they are from now on.' }),
  }),
});

builder.subscriptionField('jobEvents', (t) =>
  t.field({
    authScopes: { read: true },
    type: JobEvent,
    description:
      'Every event of one job, first to last, each exactly once: those stored after `after`, then live ones. Ends when the newest event has been delivered and the job is COMPLETED, FAILED or CANCELLED now (a FAILED followed by a retry does not end it). What is edited after the end is events too: jobChanged tells that there are some, jobEvents from the last number gives them and ends again. With the last number of a finished job it completes at once without an item. after < 0 or beyond the newest: BAD_USER_INPUT; an unknown job: NOT_FOUND.',
    args: {
      id: t.arg.id({ required: true, description: 'The job.' }),
      after: t.arg({
        type: 'SafeInt',
        defaultValue: 0,
        description: 'Number of the last event that the client has; 0 = from the first.',
      }),
    },
    subscribe: (_, { id, after }, context) => followJob({ id, after: after ?? 0 }, context),
    resolve: (event) => event,
  }),
);
