import { encodeCursor } from '#resolvers/connection.ts';
import { listLogs, logList, tailLogs } from '#resolvers/logs.ts';
import type { LogEntry as LogEntryShape } from '#src/store/logs.ts';
import { builder, explicitArguments } from './builder.ts';
import { LogLevelType } from './enums.ts';

/** One line of the log. */
const LogEntry = builder.objectRef<LogEntryShape>('LogEntry').implement({
  description: 'One line of the log. It never holds transcript text or secrets.',
  fields: (t) => ({
    id: t.id({ description: 'Also the cursor of its edge.', resolve: ({ id }) => encodeCursor(logList, id) }),
    time: t.expose('time', { type: 'DateTime', description: 'When it was written.' }),
    level: t.expose('level', { type: LogLevelType, description: 'How grave it is.' }),
    event: t.exposeString('event', { description: "Short fixed name of what happened, such as 'job ended'." }),
    message: t.exposeString('message', { description: 'The same for a person, with what belongs to it.' }),
    jobId: t.exposeID('jobId', { nullable: true, description: 'The job it is about; null for the server itself.' }),
    fields: t.expose('fields', { type: 'JSON', nullable: true, description: 'Ids and numbers that belong to it.' }),
  }),
});

export const LogConnection = builder.connectionObject(
  { type: LogEntry, name: 'LogConnection', description: 'A page of log lines.' },
  { name: 'LogEdge', description: 'A log line with its place in the list.' },
);

const LogFilter = builder.inputType('LogFilter', {
  description: 'Fields are ANDed.',
  fields: (t) => ({
    year: t.int({ description: 'Lines of this year (UTC).' }),
    month: t.int({ description: 'Lines of this month, 1 to 12 (UTC); needs year.' }),
    level: t.field({ type: LogLevelType, description: 'This one and above.' }),
    jobId: t.id({ description: 'Lines about this job.' }),
    contains: t.string({
      extensions: { maxCharacters: 500 },
      description: 'Lines whose message contains this text, whatever the case and accents.',
    }),
  }),
});

builder.queryField('logs', (t) =>
  t.field({
    authScopes: { read: true },
    type: LogConnection,
    description:
      'Server and job log lines, oldest first, as far as they are kept. Without year and month the current month (UTC), or all time when jobId is set. endCursor is also there where nothing is: logAdded goes on from it.',
    args: {
      filter: t.arg({ type: LogFilter, description: 'Which lines.' }),
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: (_, args, context, info) => listLogs({ ...args, given: explicitArguments(info) }, context),
  }),
);

builder.subscriptionField('logAdded', (t) =>
  t.field({
    authScopes: { read: true },
    type: LogEntry,
    description:
      'Live tail, in the order in which lines were written, each once: those stored after `after`, then live ones. Without year and month of all time. It does not end by itself.',
    args: {
      filter: t.arg({ type: LogFilter, description: 'Which lines; absent = all.' }),
      after: t.arg.string({
        description:
          'A LogEntry.id (also the cursor of its edge): stored entries after it come first; where it is older than what is kept, all that are kept. Absent = live ones only.',
      }),
    },
    subscribe: (_, args, context) => tailLogs(args, context),
    resolve: (entry) => entry,
  }),
);
