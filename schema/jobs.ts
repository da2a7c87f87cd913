import { listJobs } from '#resolvers/jobs.ts';
import { watchQueue } from '#resolvers/queue.ts';
import { watchJobs } from '#resolvers/watch-jobs.ts';
import type { JobFilter as Filter } from '#src/jobs/job-filter.ts';
import { builder, explicitArguments } from './builder.ts';
import { JobOrderType, JobStatusType } from './enums.ts';
import { Job } from './job.ts';
import { QueueStatus } from './server.ts';

export const JobFilter = builder.inputType('JobFilter', {
  description: 'Fields are ANDed; an empty list matches nothing.',
  fields: (t) => ({
    ids: t.idList({ description: 'Jobs with one of these ids.' }),
    status: t.field({ type: [JobStatusType], description: 'Jobs in one of these statuses.' }),
    tag: t.string({ extensions: { maxCharacters: 100 }, description: 'Jobs that have this tag, as it was given.' }),
    owner: t.string({
      extensions: { maxCharacters: 64 },
      description: 'Jobs that were submitted with an API key of this name.',
    }),
    titleContains: t.string({
      extensions: { maxCharacters: 500 },
      description: 'Jobs whose title contains this text, whatever the case and accents; empty = all jobs.',
    }),
    mediaNameContains: t.string({
      extensions: { maxCharacters: 500 },
      description:
        'Jobs whose recording has a name that contains this text, whatever the case and accents; empty = all jobs.',
    }),
    createdAfter: t.field({ type: 'DateTime', description: 'Jobs that were accepted at this time or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Jobs that were accepted before this time.' }),
    updatedAfter: t.field({
      type: 'DateTime',
      description: 'Jobs that changed last at this time or later, as their updatedAt tells.',
    }),
    language: t.string({
      extensions: { maxCharacters: 20 },
      description: 'Jobs whose language has this code; of jobs of which none is known yet, none.',
    }),
  }),
});

const JobConnection = builder.connectionObject(
  { type: Job, name: 'JobConnection', description: 'A page of jobs.' },
  { name: 'JobEdge', description: 'A job with its place in the list.' },
);

builder.objectField(JobConnection, 'totalCount', (t) =>
  t.int({
    description: 'Of the filter.',
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listJobs gives the filter with its connection
    resolve: (connection, _, { store }) => store.countJobs((connection as unknown as { filter: Filter }).filter),
  }),
);

builder.queryFields((t) => ({
  job: t.field({
    authScopes: { read: true },
    type: Job,
    nullable: true,
    description: 'One job, or null when there is none or the caller may not see it.',
    args: { id: t.arg.id({ required: true, description: 'The job.' }) },
    resolve: (_, { id }, { loaders }) => loaders.job.load(id),
  }),
  jobs: t.field({
    authScopes: { read: true },
    type: JobConnection,
    description: 'Newest first; Relay connection with opaque keyset cursors.',
    args: {
      filter: t.arg({ type: JobFilter, description: 'Which jobs; absent = all.' }),
      orderBy: t.arg({
        type: JobOrderType,
        defaultValue: 'CREATED',
        description: 'By which time; a cursor holds for one order. null = CREATED.',
      }),
      first: t.arg.int({ defaultValue: 20, description: 'How many from the start, 1 to 100.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
      last: t.arg.int({ description: 'How many from the end, 1 to 100; instead of first.' }),
      before: t.arg.string({ description: 'Cursor: only what comes before it.' }),
    },
    resolve: (_, args, context, info) => listJobs({ ...args, given: explicitArguments(info) }, context),
  }),
}));

builder.subscriptionFields((t) => ({
  jobChanged: t.field({
    authScopes: { read: true },
    type: Job,
    description:
      'A job, whenever a visible one that matches the filter before or after the change is created or changes status, progress, labels, language or text: coalesced to at most 4/s per job, the last change never dropped. Places in the queue are told by queueChanged. Without since no item for the present state: query jobs once the subscription stands. With it first, oldest change first, every visible job that changed from 30 s before then on and matches the filter in what never changes (ids, owner, createdAfter, createdBefore, mediaNameContains): take out what no longer matches. Then live. After a lost connection nothing is missed, and the same state may come twice.',
    args: {
      filter: t.arg({ type: JobFilter, description: 'Which jobs; absent = all.' }),
      since: t.arg({
        type: 'DateTime',
        description:
          'The newest updatedAt that the client has. More than 7 days ago, or where more than 10,000 jobs have changed since: CURSOR_EXPIRED, query jobs anew.',
      }),
    },
    subscribe: (_, args, context) => watchJobs(args, context),
    resolve: (job) => job,
  }),
  queueChanged: t.field({
    authScopes: { read: true },
    type: QueueStatus,
    description:
      'The queue now, then at most once a second when a job came, went or changed its place: time to ask for queuePosition again.',
    subscribe: (_, __, context) => watchQueue(context),
    resolve: (queue) => queue,
  }),
}));
