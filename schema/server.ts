import { pauseQueue, resumeQueue } from '#resolvers/queue.ts';
import { drainWorker, restartServer, watchServer } from '#resolvers/server.ts';
import type { Worker } from '#src/jobs/worker.ts';
import type { GpuStats, ServerStatus } from '#src/operations/server-status.ts';
import { builder } from './builder.ts';
import { ServerStatusType, WorkerStatusType } from './enums.ts';
import { Node } from './node.ts';

const CpuStatus = builder.objectRef<ServerStatus['cpu']>('CpuStatus').implement({
  description: 'Processor of the machine.',
  fields: (t) => ({
    cores: t.exposeInt('cores', { description: 'Cores that the server may use.' }),
    utilization: t.exposeFloat('utilization', {
      description: '0 to 1 over all cores, by every program; the mean of the last seconds.',
    }),
    model: t.exposeString('model', { description: 'Name of the processor.' }),
  }),
});

const MemoryStatus = builder.objectRef<ServerStatus['memory']>('MemoryStatus').implement({
  description: 'Main memory of the machine.',
  fields: (t) => ({
    totalBytes: t.expose('totalBytes', { type: 'SafeInt', description: 'All of it.' }),
    usedBytes: t.expose('usedBytes', { type: 'SafeInt', description: 'What is in use, by every program.' }),
  }),
});

const DiskStatus = builder.objectRef<ServerStatus['disk']>('DiskStatus').implement({
  description: 'The disk of the data directory.',
  fields: (t) => ({
    totalBytes: t.expose('totalBytes', { type: 'SafeInt', description: 'All of it.' }),
    freeBytes: t.expose('freeBytes', { type: 'SafeInt', description: 'What the server may still write.' }),
  }),
});

const GpuStatus = builder.objectRef<GpuStats>('GpuStatus').implement({
  description: 'An NVIDIA GPU, as its driver tells.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: '0, 1, 2 ...' }),
    name: t.exposeString('name', { description: 'Name of the product.' }),
    memoryTotalBytes: t.expose('memoryTotalBytes', { type: 'SafeInt', description: 'All of its memory.' }),
    memoryUsedBytes: t.expose('memoryUsedBytes', { type: 'SafeInt', description: 'Memory in use, by every program.' }),
    utilization: t.exposeFloat('utilization', { description: '0 to 1.' }),
    temperatureCelsius: t.exposeFloat('temperatureCelsius', {
      nullable: true,
      description: 'Null where it is not told.',
    }),
  }),
});

export const QueueStatus = builder.objectRef<ServerStatus['queue']>('QueueStatus').implement({
  description: 'The jobs that are not finished.',
  fields: (t) => ({
    queued: t.exposeInt('queued', { description: 'Jobs that wait.' }),
    working: t.exposeInt('working', { description: 'Jobs that an engine works at.' }),
    slots: t.exposeInt('slots', { description: 'Jobs that may run at the same time.' }),
    paused: t.exposeBoolean('paused', {
      description: 'Whether no job is begun, because of pauseQueue. Those that run go on.',
    }),
    oldestQueuedSeconds: t.float({
      nullable: true,
      description: 'How long the oldest waiting job has waited; null when none waits.',
      resolve: ({ oldestQueuedAt }) =>
        oldestQueuedAt === null ? null : Math.max(0, Date.now() - oldestQueuedAt.getTime()) / 1000,
    }),
  }),
});

const EngineStatus = builder.objectRef<ServerStatus['engine']>('EngineStatus').implement({
  description:
    'The engine, as its last test found it: it really decodes a few seconds of speech, at the start of the server and again when the mode or computePower is changed or the model was installed.',
  fields: (t) => ({
    ready: t.exposeBoolean('ready', { description: 'Whether it works.' }),
    fasterWhisper: t.exposeString('fasterWhisper', { nullable: true, description: 'Version of faster-whisper.' }),
    ctranslate2: t.exposeString('ctranslate2', { nullable: true, description: 'Version of CTranslate2.' }),
    python: t.exposeString('python', { nullable: true, description: 'Version of Python.' }),
    confined: t.exposeStringList('confined', {
      nullable: true,
      description:
        'What it gives up before it reads a recording: network (and what reaches other processes), files (all but the recording, the model and its libraries), or decoder files where the system can restrict only the threads that read the recording. What is missing the system does not allow. Null where that is not known.',
    }),
    standby: t.exposeInt('standby', { description: 'Engines that wait for a job with their model loaded ahead.' }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why it does not work, and what to do.' }),
  }),
});

const WorkerType = builder.objectRef<Worker>('Worker').implement({
  description: 'A process that runs jobs.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of this process: another start has another.' }),
    name: t.exposeString('name', {
      authScopes: { oversee: true },
      unauthorizedResolver: ({ id }) => id,
      description: 'Its machine and process, as in Attempt.worker; for a USER the id.',
    }),
    version: t.exposeString('version', { description: 'Version of Phonograph.' }),
    status: t.expose('status', { type: WorkerStatusType, description: 'Whether it takes jobs.' }),
    slots: t.exposeInt('slots', { description: 'Jobs that it runs at a time.' }),
    working: t.exposeInt('working', { description: 'Jobs that it runs now.' }),
    devices: t.exposeStringList('devices', { description: 'cpu, and each NVIDIA GPU by its index and name.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was started.' }),
    seenAt: t.expose('seenAt', { type: 'DateTime', description: 'When it was last heard of.' }),
  }),
});

/** The server and its machine. */
const Server = builder.objectRef<ServerStatus>('Server').implement({
  description: 'The server and its machine.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Always server, so that client caches join updates.' }),
    version: t.exposeString('version', { description: 'Version of Phonograph.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was started.' }),
    uptimeSeconds: t.float({
      description: 'How long it has been up.',
      resolve: ({ startedAt }) => Math.max(0, Date.now() - startedAt.getTime()) / 1000,
    }),
    status: t.expose('status', { type: ServerStatusType, description: 'What it is ready for.' }),
    unauthenticated: t.exposeBoolean('unauthenticated', {
      nullable: true,
      description:
        'True while there are no API keys: everybody who reaches the address of the server may do everything.',
    }),
    cpu: t.expose('cpu', { type: CpuStatus, description: 'Processor of the machine.' }),
    memory: t.expose('memory', { type: MemoryStatus, description: 'Main memory of the machine.' }),
    disk: t.expose('disk', { type: DiskStatus, description: 'The disk of the data directory.' }),
    gpus: t.expose('gpus', { type: [GpuStatus], description: 'NVIDIA GPUs; empty where there is none.' }),
    queue: t.expose('queue', { type: QueueStatus, description: 'The jobs that are not finished.' }),
    engine: t.expose('engine', { type: EngineStatus, description: 'The engine.' }),
    workers: t.expose('workers', {
      type: [WorkerType],
      description: 'Who runs jobs: one entry on a single machine, one a worker process in a fleet.',
    }),
  }),
});

builder.queryField('server', (t) =>
  t.field({
    authScopes: { read: true },
    type: Server,
    description: 'The server and its machine, read now.',
    resolve: (_, __, { serverReader }) => serverReader.now(),
  }),
);

builder.subscriptionField('serverStatus', (t) =>
  t.field({
    authScopes: { read: true },
    type: Server,
    description: 'A reading at once, then every intervalSeconds.',
    args: { intervalSeconds: t.arg.int({ defaultValue: 2, description: 'Seconds between readings, 1 to 60.' }) },
    subscribe: (_, { intervalSeconds }, context) => watchServer({ intervalSeconds: intervalSeconds ?? 2 }, context),
    resolve: (reading) => reading,
  }),
);

const RestartSuccess = builder.objectRef<{ readonly server: ServerStatus }>('RestartSuccess').implement({
  description: 'Answered before the restart begins.',
  fields: (t) => ({ server: t.expose('server', { type: Server, description: 'The server as it was until now.' }) }),
});

builder.mutationField('restart', (t) =>
  t.field({
    authScopes: { administer: true },
    type: RestartSuccess,
    description:
      'Restarts the server in place, with the settings as they stand in its config.json now: running jobs go back to the queue and go on from their checkpoint. Connections are closed with 1001; come back with the last seq. Where the settings have become wrong nothing happens, and the error tells what they lack.',
    errors: { types: [], union: { name: 'RestartResult', description: 'The server.' } },
    resolve: async (_, __, context) => ({ server: await restartServer(context) }),
  }),
);

builder.mutationFields((t) => ({
  pauseQueue: t.field({
    authScopes: { administer: true },
    type: Server,
    description:
      'No further job is begun, also after a restart, until resumeQueue. Jobs that run go on, and new ones are accepted and wait. Pausing a paused queue changes nothing.',
    resolve: (_, __, context) => pauseQueue(context),
  }),
  drainWorker: t.field({
    authScopes: { administer: true },
    type: Server,
    description:
      'The worker takes no new jobs, gives back running ones with their checkpoint, and leaves. Unknown id, or the only worker of a single machine: BAD_USER_INPUT.',
    args: { id: t.arg.id({ required: true, description: 'Worker.id.' }) },
    resolve: (_, { id }, context) => drainWorker(id, context),
  }),
  resumeQueue: t.field({
    authScopes: { administer: true },
    type: Server,
    description: 'Jobs that wait are begun again. Resuming a queue that is not paused changes nothing.',
    resolve: (_, __, context) => resumeQueue(context),
  }),
}));
