import { pauseQueue, resumeQueue } from '#resolvers/queue.ts';
import { builder } from './builder.ts';
import { Server } from './server.ts';

builder.mutationFields((t) => ({
  pauseQueue: t.field({
    type: Server,
    description:
      'No further job is begun, also after a restart, until resumeQueue. Jobs that run go on, and new ones are accepted and wait. Pausing a paused queue changes nothing.',
    resolve: (_, __, context) => pauseQueue(context),
  }),
  resumeQueue: t.field({
    type: Server,
    description: 'Jobs that wait are begun again. Resuming a queue that is not paused changes nothing.',
    resolve: (_, __, context) => resumeQueue(context),
  }),
}));
