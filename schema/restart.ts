import { restartServer } from '#resolvers/server.ts';
import type { ServerReading } from '#src/operations/server-status.ts';
import { builder } from './builder.ts';
import { Server } from './server.ts';

const RestartSuccess = builder.objectRef<{ readonly server: ServerReading }>('RestartSuccess').implement({
  description: 'Answered before the restart begins.',
  fields: (t) => ({ server: t.expose('server', { type: Server, description: 'The server as it was until now.' }) }),
});

builder.mutationField('restart', (t) =>
  t.field({
    type: RestartSuccess,
    description:
      'Restarts the server in place, with the settings as they stand in its config.json now: running jobs go back to the queue and go on from their checkpoint. Connections are closed with 1001; come back with the last seq. Where the settings have become wrong nothing happens, and the error tells what they lack.',
    errors: { types: [], union: { name: 'RestartResult', description: 'The server.' } },
    resolve: async (_, __, context) => ({ server: await restartServer(context) }),
  }),
);
