import { join } from 'node:path';
import { readGpus } from '#runner/gpu.ts';
import { startRunner } from '#runner/runner.ts';
import { smokeTest } from '#runner/smoke.ts';
import { openBell } from './bell.ts';
import type { Config } from './config.ts';
import type { Context, EngineReading } from './context.ts';
import { watchHealth } from './health.ts';
import { openHost } from './host.ts';
import { listen } from './http/listen.ts';
import type { LogOutlet } from './log.ts';
import { sweepMedia } from './media/sweep.ts';
import { openUploads } from './media/upload.ts';
import { modelPath } from './models.ts';
import { startRetention } from './retention.ts';
import { openSettings } from './settings.ts';
import { holdDirectory } from './store/sqlite/hold-directory.ts';
import { openStorage } from './storage.ts';
import { openSqliteStore } from './store/sqlite/open.ts';

/** A server that answers; disposing of it stops it in order and leaves nothing running. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
}

/** What a server is given by its process. */
interface ServerParts {
  readonly outlet: LogOutlet;
  readonly version: string;
  /** Has this server closed and another one built, a moment later. Throws ConfigError. */
  readonly restart: () => void;
}

/** Builds everything in order; what was opened is closed in reverse, also when a later step fails. */
export async function startServer(config: Config, { outlet, version, restart }: ServerParts): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const { log } = outlet;
  stack.use(await holdDirectory(config.server.dataDirectory));
  const [bell, deletions] = [openBell(), openBell()];
  const store = stack.use(await openSqliteStore({ file: join(config.server.dataDirectory, 'phonograph.db'), bell }));
  // Lines that are still on their way are written before the store closes.
  stack.defer(() => outlet.flush());
  outlet.attach(store);
  const settings = await openSettings(config, store, log);
  const storage = openStorage(config.server);
  const uploads = await openUploads(config.server, storage);
  const health = stack.use(watchHealth({ store, storage, settings, config, log }, version));
  const swept = await sweepMedia(config.server.dataDirectory, store);
  if (swept > 0) log.warn({ files: swept }, 'recordings of no job removed');
  const readHost = openHost(config.server.dataDirectory);
  const context: Context = {
    config,
    log,
    bell,
    deletions,
    store,
    settings,
    storage,
    uploads,
    readHost,
    readGpus,
    health,
    restart,
  };
  stack.use(startRetention(context));
  const listener = stack.use(await listen(context));
  const runner = stack.use(
    startRunner({
      store,
      bell,
      config,
      log,
      numJobs: () => settings.current().numJobs,
      isPaused: () => settings.current().paused,
    }),
  );
  settings.onChange(() => runner.kick());
  stack.defer(() => health.drain());
  const testing = new AbortController();
  stack.defer(() => testing.abort());
  void testEngine(context, testing.signal).then(health.tested);
  log.info({ url: listener.url, version }, 'server listening');
  const owned = stack.move();
  return { url: listener.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Decodes a second of audio in the background, so that a server with a broken engine still answers and says so. */
async function testEngine({ config, settings, log }: Context, signal: AbortSignal): Promise<EngineReading> {
  const { model } = config.transcription.modes[settings.current().mode];
  const { engineCommand } = config.server;
  const reading = await smokeTest({ engineCommand, modelPath: modelPath(config, model), signal });
  if (reading.ready) log.info({ ...reading }, 'engine ready');
  else if (!signal.aborted) log.error({ ...reading, text: reading.problem }, 'engine not ready');
  return reading;
}
