import type { Role } from '#src/config/api-key.ts';

/** What a role may do with a field or a route; `own`: with what is its own, and the rest is not there. */
type Cell = 'yes' | 'own' | 'no';

type Row = Readonly<Record<Role, Cell>>;

const everybody: Row = { ADMIN: 'yes', USER: 'yes', READER: 'yes' };
const ownOrAll: Row = { ADMIN: 'yes', USER: 'own', READER: 'yes' };
const writers: Row = { ADMIN: 'yes', USER: 'yes', READER: 'no' };
const owners: Row = { ADMIN: 'yes', USER: 'own', READER: 'no' };
const overseers: Row = { ADMIN: 'yes', USER: 'no', READER: 'yes' };
const admins: Row = { ADMIN: 'yes', USER: 'no', READER: 'no' };

/** Who may do what, as the contract has it: by the fields of the schema and by the routes beside it. */
export const roleTable: Readonly<Record<string, Row>> = {
  'Query.apiKeys': admins,
  'Query.config': everybody,
  'Query.configOptions': everybody,
  'Query.job': ownOrAll,
  'Query.jobs': ownOrAll,
  'Query.logs': ownOrAll,
  'Query.mediaFiles': writers,
  'Query.models': everybody,
  'Query.node': ownOrAll,
  'Query.search': ownOrAll,
  'Query.server': everybody,
  'Query.viewer': everybody,
  'Query.webhooks': owners,
  'Mutation.cancel': owners,
  'Mutation.cancelDownload': admins,
  'Mutation.createApiKey': admins,
  'Mutation.createWebhook': writers,
  'Mutation.deleteJob': owners,
  'Mutation.deleteWebhook': owners,
  'Mutation.detectSpeakers': owners,
  'Mutation.downloadModel': admins,
  'Mutation.editSegments': owners,
  'Mutation.mergeSpeakers': owners,
  'Mutation.pauseQueue': admins,
  'Mutation.drainWorker': admins,
  'Mutation.removeModel': admins,
  'Mutation.renameSpeaker': owners,
  'Mutation.restart': admins,
  'Mutation.resumeQueue': admins,
  'Mutation.retry': owners,
  'Mutation.revertSegments': owners,
  'Mutation.revokeApiKey': admins,
  'Mutation.setConfig': admins,
  'Mutation.testWebhook': owners,
  'Mutation.transcribe': writers,
  'Mutation.updateJob': owners,
  'Subscription.jobChanged': ownOrAll,
  'Subscription.jobDeleted': ownOrAll,
  'Subscription.jobEvents': ownOrAll,
  'Subscription.logAdded': ownOrAll,
  'Subscription.modelChanged': everybody,
  'Subscription.queueChanged': everybody,
  'Subscription.serverStatus': everybody,
  '/jobs/ID/events': ownOrAll,
  '/jobs/ID/media': ownOrAll,
  '/jobs/ID/transcript.EXT': ownOrAll,
  '/metrics': overseers,
  '/uploads': writers,
  '/v1/audio/transcriptions': writers,
  '/v1/audio/translations': writers,
  '/v1/models': everybody,
};
