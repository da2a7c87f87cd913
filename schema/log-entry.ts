import { encodeCursor } from '#resolvers/cursor.ts';
import { logList } from '#resolvers/logs.ts';
import type { LogEntry as LogEntryShape } from '#src/store/logs.ts';
import { builder } from './builder.ts';
import { LogLevelType } from './enums.ts';

/** One line of the log. */
export const LogEntry = builder.objectRef<LogEntryShape>('LogEntry').implement({
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
