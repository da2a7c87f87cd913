import { listJobs } from '#resolvers/jobs.ts';
import { watchJobs } from '#resolvers/watch-jobs.ts';
import type { JobFilter as Filter } from '#src/jobs/job-filter.ts';
import { builder, explicitArguments } from './builder.ts';
import { JobStatusType } from './enums.ts';
import { Job, Node } from './job.ts';

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
  node: t.field({
    authScopes: { read: true },
    type: Node,
    nullable: true,
    description: 'A job by its id, or null when there is none or the caller may not see it.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_, { id }, { loaders }) => loaders.job.load(id),
  }),
  jobs: t.field({
    authScopes: { read: true },
    type: JobConnection,
    description: 'Newest first; Relay connection with opaque keyset cursors.',
    args: {
      filter: t.arg({ type: JobFilter, description: 'Which jobs; absent = all.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many from the start, 1 to 100.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
      last: t.arg.int({ description: 'How many from the end, 1 to 100; instead of first.' }),
      before: t.arg.string({ description: 'Cursor: only what comes before it.' }),
    },
    resolve: (_, args, context, info) => listJobs({ ...args, given: explicitArguments(info) }, context),
  }),
}));

builder.subscriptionField('jobChanged', (t) =>
  t.field({
    authScopes: { read: true },
    type: Job,
    description:
      'A job, whenever a visible one that matches the filter before or after the change is created or changes status or progress: coalesced to at most 4/s per job, the last change never dropped. No item for the present state: query jobs once the subscription stands.',
    args: { filter: t.arg({ type: JobFilter, description: 'Which jobs; absent = all.' }) },
    subscribe: (_, args, context) => watchJobs(args, context),
    resolve: (job) => job,
  }),
);
