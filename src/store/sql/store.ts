import type { KnownRoot } from '#migrations/0007-media-keys.ts';
import type { MediaRoot } from '../../config/config.ts';
import { realPaths } from '../../media/real-file.ts';
import type { SharedLimits } from '../limits.ts';
import type { Store } from '../store.ts';
import { type Connection, probe } from './database/connection.ts';
import { transcriptEditor } from './editing/edits.ts';
import { jobRemover } from './jobs/deletion.ts';
import { jobDownloads } from './jobs/downloads.ts';
import { jobWriter } from './jobs/jobs.ts';
import { jobSettler } from './jobs/settling.ts';
import { apiKeyStore } from './reading/api-keys.ts';
import { changeReader } from './reading/changes.ts';
import { jobBatchReader, jobReader } from './reading/jobs.ts';
import { logStore } from './reading/logs.ts';
import { settingStore } from './reading/settings.ts';
import { search } from './search/find.ts';
import type { Searcher } from './search/matches.ts';
import { detectionStore } from './speakers/detections.ts';
import { speakerStore } from './speakers/retell.ts';
import { webhookStore } from './webhooks/webhooks.ts';
import { work } from './work/claim.ts';
import { partWork } from './work/part-work.ts';
import { partsOfJobs } from './work/parts.ts';
import { workerStore } from './work/workers.ts';

/** What a database brings along. */
interface Database {
  readonly connection: Connection;
  readonly searcher: Searcher;
  readonly isNew: boolean;
  readonly isShared: boolean;
  readonly limits: SharedLimits | null;
  /** Closed with the store. */
  readonly owned: AsyncDisposable;
}

/** The store on a database that is open and up to date. */
export function storeOn({ connection, searcher, isNew, isShared, limits, owned }: Database): Store {
  const many = jobBatchReader(connection);
  return {
    ...jobWriter(connection),
    ...jobSettler(connection),
    ...jobDownloads(connection),
    ...jobRemover(connection),
    ...transcriptEditor(connection),
    ...speakerStore(connection),
    ...detectionStore(connection),
    ...jobReader(connection),
    ...many,
    ...changeReader(connection),
    ...search(connection, { searcher, jobsById: (ids) => many.jobsById(ids) }),
    ...work(connection),
    ...partsOfJobs(connection),
    ...partWork(connection),
    ...logStore(connection),
    ...settingStore(connection),
    ...workerStore(connection),
    ...apiKeyStore(connection),
    ...webhookStore(connection),
    isNew,
    isShared,
    limits,
    probe: () => probe(connection),
    [Symbol.asyncDispose]: async () => owned[Symbol.asyncDispose](),
  };
}

/** Where the media roots of the settings really are, which older versions stored. */
export async function knownRoots(roots: readonly MediaRoot[]): Promise<readonly KnownRoot[]> {
  const reals = await realPaths(roots.map(({ path }) => path));
  return roots.map(({ configured, path }, at) => ({ configured, paths: [path, reals[at] ?? path] }));
}
