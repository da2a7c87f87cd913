import { listLogs } from '#resolvers/logs.ts';
import { builder } from './builder.ts';
import { LogLevelType } from './enums.ts';
import { givenArguments } from './given.ts';
import { LogConnection } from './log-entry.ts';

const LogFilter = builder.inputType('LogFilter', {
  description: 'Fields are ANDed.',
  fields: (t) => ({
    year: t.int({ description: 'Lines of this year (UTC).' }),
    month: t.int({ description: 'Lines of this month, 1 to 12 (UTC); needs year.' }),
    level: t.field({ type: LogLevelType, description: 'This one and above.' }),
    jobId: t.id({ description: 'Lines about this job.' }),
    contains: t.string({ description: 'Lines whose message contains this text, in upper or lower case.' }),
  }),
});

builder.queryField('logs', (t) =>
  t.field({
    type: LogConnection,
    description:
      'Server and job log lines, oldest first. Without year and month the current month (UTC), or all time when jobId is set.',
    args: {
      filter: t.arg({ type: LogFilter, description: 'Which lines.' }),
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: (_, args, context, info) => listLogs({ ...args, given: givenArguments(info) }, context),
  }),
);
