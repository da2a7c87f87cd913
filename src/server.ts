import type { Context } from '#resolvers/context.ts';
import { openLoaders } from '#resolvers/loaders.ts';
import { readGpus } from '#runner/gpu.ts';
import { startDownloads } from '#runner/downloads.ts';
import { startReaping } from '#runner/reap.ts';
import type { Runner } from '#runner/runner.ts';
import { startSettling } from '#runner/settle.ts';
import { startWorker } from '#runner/worker.ts';
import { type ApiKeys, openApiKeys } from './auth/api-keys.ts';
import { openSignedUrls } from './auth/signed-urls.ts';
import { type Config, isLoopback, refuseWithoutKeys, type ServerRole } from './config/config.ts';
import { ConfigError } from './errors.ts';
import { listen } from './http/listen.ts';
import type { Log, Logger } from './logs/log.ts';
import { mediaFolder, openDiskSpace } from './media/disk.ts';
import { openFolders } from './media/folders.ts';
import { openMedia } from './media/open.ts';
import { openTrash } from './media/trash.ts';
import { openDownloads } from './models/downloads.ts';
import { openFleetModels } from './models/fleet-models.ts';
import { openLocalModels } from './models/models.ts';
import { sweepModels } from './models/installed.ts';
import { openEngineIdentity } from './operations/engine-identity.ts';
import { followFleet } from './operations/fleet.ts';
import { watchHealth } from './operations/health.ts';
import { openHost } from './operations/host.ts';
import { startLogStorage } from './operations/log-retention.ts';
import { measureWork } from './operations/measure-work.ts';
import { startReleasingMemory } from './operations/memory.ts';
import { openMetrics } from './operations/metrics.ts';
import { startRetention } from './operations/retention.ts';
import { startIndexing } from './operations/search-indexing.ts';
import { openServerReader } from './operations/server-status.ts';
import { startEmptying, startSweeping } from './operations/sweep-media.ts';
import { openTracer } from './operations/tracing/open.ts';
import { traceWork } from './operations/tracing/trace-work.ts';
import { startOutbox } from './operations/webhooks/outbox.ts';
import { openSettings } from './settings.ts';
import { openJobChanges } from './store/job-changes.ts';
import { openNotifier } from './store/notifier.ts';
import { databaseOf, openStore } from './store/open.ts';
import { lockDataDirectory } from './store/sqlite/lock.ts';

/** A server that answers; disposing of it stops it in order and leaves nothing running. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
}

/** What a server is given by its process. */
interface ServerParts {
  readonly logger: Logger;
  readonly version: string;
  readonly role: ServerRole;
  /** Ends the process: as a worker, it has given its jobs back, since somebody has it drained. */
  readonly leave: () => void;
  /** Has this server closed and another one built, a moment later, with settings that pass the check. Throws ConfigError. */
  readonly restart: (check: (next: Config) => void) => void;
}

/** Builds everything in order; what was opened is closed in reverse, also when a later step fails. */
export async function startServer(
  config: Config,
  { logger, version, role, leave, restart }: ServerParts,
): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const { log } = logger;
  stack.use(await lockDataDirectory(config.server.dataDirectory));
  const notifier = openNotifier();
  const { mediaRoots } = config.server;
  const store = stack.use(await openStore({ ...databaseOf(config.server), notifier, mediaRoots }));
  if (role !== 'all' && !store.isShared) throw new ConfigError('config.json', [needsDatabase(role)]);
  stack.use(startLogStorage(logger, { store, notifier, config }));
  const keys = stack.use(await openApiKeys({ config, store, log }));
  if (!keys.areNeeded()) refuseWithoutKeys(config);
  const settings = await openSettings(config, store, log);
  const leaseMs = config.server.leaseSeconds * 1000;
  let runner: Runner | undefined;
  const trash = openTrash(mediaFolder(config.server));
  const storage = openDiskSpace(config.server, trash);
  const tellTrouble = (trouble: object) => log.error(trouble, 'media store does not answer');
  const { media, uploads, samples } = stack.use(await openMedia(config.server, storage, tellTrouble));
  await sweepModels(config).catch((err: unknown) => log.warn({ err }, 'removed models not swept'));
  const downloads = stack.use(openDownloads({ config, storage, notifier, log }));
  const release = async (id: string) => runner?.release(id);
  const localModels = openLocalModels({ config, downloads, release, notifier, log });
  const models = store.isShared ? openFleetModels({ config, store, leaseMs }) : localModels;
  const health = stack.use(
    watchHealth({ store, storage, media, settings, config, hasModels: role !== 'api', log }, version),
  );
  if (role !== 'worker') stack.use(startSweeping({ store, media, log }));
  stack.use(startEmptying({ trash, media, uploads, samples, store, log }));
  const { read: readHost } = stack.use(openHost(config.server.dataDirectory));
  const countStandby = () => runner?.state().standby ?? 0;
  const serverReader = openServerReader({ health, store, settings, config, keys, readHost, readGpus, countStandby });
  const metrics = openMetrics({ readServer: serverReader.recent, store });
  const urls = await openSignedUrls(store, keys, config.server.publicUrl);
  const outbox = stack.use(startOutbox({ store, notifier, metrics, config, log, keys, urls }));
  const tracer = stack.use(await openTracer(config, { log, version }));
  const context: Context = {
    config,
    role,
    log,
    notifier,
    store,
    loaders: openLoaders(store),
    changes: stack.use(openJobChanges(store, notifier)),
    settings,
    storage,
    media,
    uploads,
    folders: stack.use(openFolders(mediaRoots)),
    models,
    keys,
    urls,
    serverReader,
    metrics,
    outbox,
    tracer,
    health,
    identifyEngine: openEngineIdentity(config, health),
    restart: () => restart((next) => next.server.apiKeys.length > 0 || keys.areNeeded() || refuseWithoutKeys(next)),
  };
  stack.use(startReleasingMemory(log));
  const listener = stack.use(await listen(context));
  if (role !== 'worker') {
    stack.use(startRetention(context));
    stack.use(startIndexing(context));
    stack.use(startSettling(context));
    stack.use(startDownloads({ ...context, leaseMs }));
  }
  if (store.isShared) stack.use(followFleet({ ...context, health, leaseMs }));
  if (role === 'api') stack.use(startReaping({ store, log, leaseMs }));
  else {
    runner = stack.use(
      await startWorker({
        ...context,
        store: traceWork(measureWork(store, metrics), tracer),
        samples,
        registry: store,
        localModels,
        health,
        version,
        onDrained: role === 'worker' ? leave : () => undefined,
      }),
    );
  }
  stack.defer(() => health.drain());
  log.info({ url: listener.url, version }, 'server listening');
  warnIfOpen(config.server, keys, log);
  const owned = stack.move();
  return { url: listener.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function needsDatabase(role: ServerRole): string {
  return `server.databaseUrl must name a PostgreSQL database for a process that is only \`${role}\`: others must reach it. On a single machine start without \`${role}\``;
}

function warnIfOpen({ listenHost }: Config['server'], keys: ApiKeys, log: Log): void {
  if (keys.areNeeded() || isLoopback(listenHost)) return;
  const text = `Everybody who reaches ${listenHost} may do everything: allowUnauthenticated is set, and there are no API keys.`;
  log.warn({ text }, 'server open to everybody');
}

/** What is served with. */
export interface ServingParts {
  /** Reads the settings anew. Throws ConfigError. */
  readonly read: () => Config;
  readonly logger: Logger;
  readonly version: string;
  readonly role: ServerRole;
  /** Ends the serving. */
  readonly stop: AbortSignal;
}

/**
 * Serves until it is stopped. A restart closes everything and builds it anew in this process, with the settings as they are then. Settings that
 * have become wrong are refused before anything is closed; where a server cannot start with new ones, it goes on with those before.
 */
export async function keepServing(first: Config, { read, logger, version, role, stop }: ServingParts): Promise<void> {
  let asked = Promise.withResolvers<Config | null>();
  stop.addEventListener('abort', () => asked.resolve(null));
  const start = (config: Config): Promise<RunningServer> => {
    logger.log.level = config.server.logLevel;
    return startServer(config, {
      logger,
      version,
      role,
      leave: () => asked.resolve(null),
      restart(check) {
        const next = read();
        check(next);
        asked.resolve(next);
      },
    });
  };
  let config = first;
  let server = await start(config);
  try {
    for (;;) {
      const next = await asked.promise;
      logger.log.info({ url: server.url, restart: next !== null }, 'server stopping');
      if (next === null) return;
      asked = Promise.withResolvers();
      const before = { ...config, server: { ...config.server, listenPort: portOf(server) } };
      await server[Symbol.asyncDispose]();
      if (stop.aborted) return;
      // Any free port was asked for: clients come back to the one that they know.
      const fixed = next.server.listenPort === 0 ? { listenPort: before.server.listenPort } : {};
      config = { ...next, server: { ...next.server, ...fixed } };
      server = await start(config).catch((error: unknown) => {
        logger.log.error({ err: error }, 'server not started with the new settings, going on with those before');
        config = before;
        return start(before);
      });
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

function portOf({ url }: RunningServer): number {
  return Number(new URL(url).port);
}
