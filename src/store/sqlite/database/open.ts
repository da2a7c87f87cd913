import { Kysely } from 'kysely';
import type { KnownRoot } from '#migrations/0007-media-keys.ts';
import { migrationsFor } from '#migrations/index.ts';
import type { MediaRoot } from '../../../config/config.ts';
import { realPaths } from '../../../media/real-file.ts';
import type { Store, StoreOptions } from '../../store.ts';
import { transcriptEditor } from '../editing/edits.ts';
import { jobRemover } from '../jobs/deletion.ts';
import { jobDownloads } from '../jobs/downloads.ts';
import { jobWriter } from '../jobs/jobs.ts';
import { jobSettler } from '../jobs/settling.ts';
import { lastQueueRank } from '../jobs/queue.ts';
import { apiKeyStore } from '../reading/api-keys.ts';
import { changeReader } from '../reading/changes.ts';
import { jobBatchReader, jobReader } from '../reading/jobs.ts';
import { logStore } from '../reading/logs.ts';
import { settingStore } from '../reading/settings.ts';
import { search } from '../search/find.ts';
import { openFileSearcher, openMemorySearcher } from '../search/searcher.ts';
import { speakerStore } from '../speakers/retell.ts';
import { webhookStore } from '../webhooks/webhooks.ts';
import { work } from '../work/claim.ts';
import { workerStore } from '../work/workers.ts';
import { arrivals, type Connection, openTurns, probe, queueRanks } from './connection.ts';
import { migrate, openDatabase, requireMigrated } from './database.ts';
import { ImmediateSqliteDialect } from './dialect.ts';
import type { Tables } from './tables.ts';

/**
 * Opens the store in a SQLite file, made or brought up to date where needed. A file that is not ours, was written by a newer version or is
 * damaged is not touched: MigrationError.
 */
export async function openSqliteStore(
  options: StoreOptions & Required<Pick<StoreOptions, 'notifier'>>,
): Promise<Store> {
  const { notifier, now = Date.now, onQuery, mediaRoots = [] } = options;
  const database = await openDatabase(options.database);
  const isNew = database.prepare('select 1 from sqlite_schema').get() === undefined;
  const db = new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect(database),
    log: (event) => onQuery?.(event.query),
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => db.destroy());
  const migrations = migrationsFor(await knownRoots(mediaRoots));
  await (options.asItIs === true ? requireMigrated(db, migrations) : migrate(db, migrations));
  const connection: Connection = {
    db,
    notifier,
    now,
    arrival: arrivals(now),
    queueRank: queueRanks(await lastQueueRank(db)),
    inTurn: openTurns(),
  };
  const searcher = stack.use(database.memory ? openMemorySearcher(database) : openFileSearcher(database.name));
  const owned = stack.move();
  const many = jobBatchReader(connection);
  return {
    ...jobWriter(connection),
    ...jobSettler(connection),
    ...jobDownloads(connection),
    ...jobRemover(connection),
    ...transcriptEditor(connection),
    ...speakerStore(connection),
    ...jobReader(connection),
    ...many,
    ...changeReader(connection),
    ...search(connection, { searcher, jobsById: (ids) => many.jobsById(ids) }),
    ...work(connection),
    ...logStore(connection),
    ...settingStore(connection),
    ...workerStore(connection),
    ...apiKeyStore(connection),
    ...webhookStore(connection),
    isNew,
    isShared: false,
    probe: () => probe(connection),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Older versions stored where a recording really was. */
async function knownRoots(roots: readonly MediaRoot[]): Promise<readonly KnownRoot[]> {
  const reals = await realPaths(roots.map(({ path }) => path));
  return roots.map(({ configured, path }, at) => ({ configured, paths: [path, reals[at] ?? path] }));
}
